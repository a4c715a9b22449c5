#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "content/yaml_reader.hpp"

/// Where in the lines of a file a value stands, so that it can be exchanged and nothing else.
namespace cmdsrv {

/// The lines of a text without their '\n'; a last line without one is a line too.
struct Lines {
  std::vector<std::string_view> lines;
  bool ends_in_newline = true;
};
Lines SplitLines(std::string_view text);

/// "key:  value   # comment" in its parts; together they are the whole line.
struct ValueLine {
  std::string_view head;        ///< "key:"
  std::string_view gap;         ///< before the value; empty when there is none
  std::string_view value;       ///< as written, may go on in the lines below
  std::string_view tail;        ///< blanks and the comment, or a carriage return
  bool goes_on_quoted = false;  ///< a quoted text that does not end in this line
};

/// Empty head: the line does not define this key at column 0.
ValueLine SplitValueLine(std::string_view line, std::string_view key);

/// The lines below `line` that belong to its value, [line + 1, end): up to the last line of content before `limit`,
/// where the next key begins. Comments between the items of a list count as its own; those behind it do not.
std::size_t EndOfValue(const std::vector<std::string_view>& lines, std::size_t line, std::size_t limit,
                       const ValueLine& first);

}  // namespace cmdsrv
