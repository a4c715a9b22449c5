#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// Everything the server says may have been said first by a catalog, a file name or a program. It is made harmless here
/// before it reaches a terminal.
namespace cmdsrv::ctl {

/// Several lines: valid UTF-8, newlines and tabs; no other control, no C1 control, nothing that turns the direction of
/// text.
std::string CleanLines(std::string_view text);

/// One line: as CleanLines, and newlines and tabs become one blank.
std::string CleanLine(std::string_view text);

/// &amp; &lt; &gt; &quot; &#39; → & < > " '. Anything else stays.
std::string UnescapeHtml(std::string_view text);

/// Columns on a terminal: 2 for wide characters, 0 for combining ones. `text` is clean.
std::size_t DisplayWidth(std::string_view text);

/// At most `width` columns, with "…" at the end if something was cut.
std::string Fit(std::string_view text, std::size_t width);

/// Each line behind `prefix`, with a final newline.
std::string Indent(std::string_view lines, std::string_view prefix);

}  // namespace cmdsrv::ctl
