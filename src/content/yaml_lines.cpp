#include "content/yaml_lines.hpp"

#include <algorithm>

namespace cmdsrv {
namespace {

bool IsBlank(char c) { return c == ' ' || c == '\t'; }

std::string_view WithoutBlanks(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r");
  return begin == std::string_view::npos ? std::string_view() : text.substr(begin);
}

/// Behind the closing quote of a text of which `at` is a part; npos when it does not end in this line.
std::size_t FindEndOfQuoted(std::string_view line, std::size_t at, char quote) {
  for (; at < line.size(); ++at) {
    if (quote == '"' && line[at] == '\\') {
      ++at;
    } else if (line[at] == quote) {
      if (quote == '"' || at + 1 >= line.size() || line[at + 1] != '\'') return at + 1;
      ++at;  // '' inside of '…'
    }
  }
  return std::string_view::npos;
}

std::size_t EndOfQuoted(std::string_view line, std::size_t at) { return FindEndOfQuoted(line, at + 1, line[at]); }

/// Where the comment, with the blanks before it, begins; the line's end when there is none. Inside of a flow list
/// quotes may hold a '#'.
std::size_t BeginOfTail(std::string_view line, std::size_t at, bool flow) {
  std::size_t end = at;
  for (std::size_t i = at; i < line.size(); ++i) {
    if (flow && (line[i] == '"' || line[i] == '\'')) {
      const std::size_t close = EndOfQuoted(line, i);
      if (close == std::string_view::npos) return line.size();
      i = close - 1;
    }
    if (line[i] == '#' && i > at && IsBlank(line[i - 1])) break;
    if (!IsBlank(line[i]) && line[i] != '\r') end = i + 1;
  }
  return end;
}

/// Behind "!tag " and "&anchor ", which come before a value.
std::size_t SkipProperties(std::string_view line, std::size_t at) {
  while (at < line.size() && (line[at] == '!' || line[at] == '&')) {
    while (at < line.size() && !IsBlank(line[at])) ++at;
    const std::size_t next = line.find_first_not_of(" \t", at);
    if (next == std::string_view::npos || line[next] == '#') return at;
    at = next;
  }
  return at;
}

bool IsListItem(std::string_view line) {
  return line.starts_with('-') && (line.size() == 1 || IsBlank(line[1]) || line[1] == '\r');
}

}  // namespace

Lines SplitLines(std::string_view text) {
  Lines result;
  result.ends_in_newline = text.empty() || text.ends_with('\n');
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    result.lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return result;
}

ValueLine SplitValueLine(std::string_view line, std::string_view key) {
  if (!line.starts_with(key)) return {};
  const std::size_t colon = line.find_first_not_of(" \t", key.size());
  if (colon == std::string_view::npos || line[colon] != ':') return {};
  const std::size_t behind = colon + 1;
  if (behind < line.size() && !IsBlank(line[behind]) && line[behind] != '\r') return {};
  ValueLine parts;
  parts.head = line.substr(0, behind);
  const std::size_t begin = line.find_first_not_of(" \t\r", behind);
  if (begin == std::string_view::npos || line[begin] == '#') {
    parts.tail = line.substr(behind);
    return parts;
  }
  parts.gap = line.substr(behind, begin - behind);
  const std::size_t bare = SkipProperties(line, begin);
  std::size_t end = bare;
  if (bare < line.size() && (line[bare] == '"' || line[bare] == '\'')) {
    end = EndOfQuoted(line, bare);
    parts.goes_on_quoted = end == std::string_view::npos;
    end = std::min(end, line.size());
    if (parts.goes_on_quoted && line.ends_with('\r')) --end;
  } else {
    const bool flow = bare < line.size() && (line[bare] == '[' || line[bare] == '{');
    end = std::max(BeginOfTail(line, bare, flow), bare);
  }
  parts.value = line.substr(begin, end - begin);
  parts.tail = line.substr(end);
  return parts;
}

std::size_t EndOfValue(const std::vector<std::string_view>& lines, std::size_t line, std::size_t limit,
                       const ValueLine& first) {
  const std::string_view bare = first.value.substr(SkipProperties(first.value, 0));
  const bool block = bare.starts_with('|') || bare.starts_with('>');
  limit = std::min(limit, lines.size());
  if (first.goes_on_quoted) {
    std::size_t i = line + 1;
    while (i < limit && FindEndOfQuoted(lines[i], 0, bare.front()) == std::string_view::npos) ++i;
    return std::min(i + 1, limit);
  }
  std::size_t end = line + 1;
  for (std::size_t i = line + 1; i < limit; ++i) {
    const std::string_view content = WithoutBlanks(lines[i]);
    if (content.empty() || lines[i].starts_with("...") || lines[i].starts_with("---")) continue;
    const bool inside =
        IsBlank(lines[i].front()) || IsListItem(lines[i]) || bare.starts_with('[') || bare.starts_with('{');
    const bool comment = content.front() == '#' && !(block && IsBlank(lines[i].front()));
    if (inside && !comment) end = i + 1;
  }
  return end;
}

}  // namespace cmdsrv
