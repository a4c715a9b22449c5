#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cmdsrv {

/// Strict UTF-8: no surrogates, no overlong forms, nothing above U+10FFFF.
bool IsUtf8(std::string_view bytes);

/// Each byte that is not part of valid UTF-8 becomes U+FFFD.
std::string ToUtf8(std::string_view bytes);

/// For log lines: control characters (newline too), DEL and C1 controls as \n, \t, \x1b; the rest unchanged.
std::string EscapeControls(std::string_view text);

/// False: EscapeControls() would change nothing; nearly always so, and cheaper than to escape. True for any other text
/// than ASCII.
bool MayHaveControls(std::string_view text);

/// Program output for people: valid UTF-8, carriage return as line break (\r\n is one), no control characters (C1
/// too) but newline and tab.
std::string CleanOutput(std::string_view bytes);

/// The last `count` lines as `tail -n count` prints them.
std::string_view LastLines(std::string_view text, std::size_t count);

/// & < > as entities; for texts that the console puts into its page.
std::string EscapeHtml(std::string_view text);

/// `scheme://user:password@host` → `scheme://***@host`, everywhere in the text.
std::string MaskUrlCredentials(std::string_view text);

/// At most `max_bytes` bytes, cut at a character boundary; "…" follows if something was cut.
std::string Shorten(std::string_view text, std::size_t max_bytes);

/// Printable ASCII only, others as '?', at most `max_bytes`.
std::string PrintableAscii(std::string_view text, std::size_t max_bytes);

/// An argument vector as a person would type it in a POSIX shell. For showing only; nothing ever parses it.
std::string QuoteForDisplay(const std::vector<std::string>& argv);

/// Two lower-case hexadecimal digits for each byte.
std::string ToHex(std::string_view bytes);

/// Sixteen bytes as 8-4-4-4-12 hexadecimal digits.
std::string UuidText(std::string_view sixteen_bytes);

std::vector<std::string_view> Split(std::string_view text, char separator);
std::string_view Trim(std::string_view text);

/// A whole decimal number, optionally with a minus sign; nothing else around it.
std::optional<long long> ToInteger(std::string_view text);

/// "512", "0.98K", "121K", "954M", "466G", "1.2T": three significant digits of a number of bytes (spec tools 1.3).
std::string HumanSize(double bytes);

}  // namespace cmdsrv
