#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>

namespace cmdsrv {
namespace {

/// Length of the valid sequence that begins at `at`, 0 if there is none.
std::size_t SequenceLength(std::string_view bytes, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const unsigned char lead = byte(at);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || at + length > bytes.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xC0) != 0x80) return 0;
  }
  const unsigned char second = byte(at + 1);
  if (lead == 0xE0 && second < 0xA0) return 0;  // overlong
  if (lead == 0xED && second > 0x9F) return 0;  // surrogates
  if (lead == 0xF0 && second < 0x90) return 0;  // overlong
  if (lead == 0xF4 && second > 0x8F) return 0;  // above U+10FFFF
  return length;
}

constexpr bool IsControl(unsigned char c) { return c < 0x20 || c == 0x7F; }

/// The first byte of a control character; 0xC2 begins those from U+0080, and others.
constexpr auto kMayBeControl = [] {
  std::array<bool, 256> table{};
  for (unsigned c = 0; c < table.size(); ++c) table[c] = IsControl(static_cast<unsigned char>(c)) || c == 0xC2;
  return table;
}();

bool MayBeControl(char byte) { return kMayBeControl[static_cast<unsigned char>(byte)]; }

/// U+0080 to U+009F: to a terminal they are what ESC with a letter is.
bool IsC1(std::string_view character) {
  return character.size() == 2 && character[0] == '\xC2' && static_cast<unsigned char>(character[1]) < 0xA0;
}

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

/// Where the run of ASCII that begins at `at` ends. Most of what is checked is nothing else.
std::size_t SkipAscii(std::string_view bytes, std::size_t at) {
  for (std::uint64_t word = 0; at + sizeof word <= bytes.size(); at += sizeof word) {
    std::memcpy(&word, bytes.data() + at, sizeof word);
    if ((word & 0x8080808080808080U) != 0) break;
  }
  while (at < bytes.size() && static_cast<unsigned char>(bytes[at]) < 0x80) ++at;
  return at;
}

}  // namespace

bool IsUtf8(std::string_view bytes) {
  for (std::size_t at = SkipAscii(bytes, 0); at < bytes.size(); at = SkipAscii(bytes, at)) {
    const std::size_t length = SequenceLength(bytes, at);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

std::string ToUtf8(std::string_view bytes) {
  if (IsUtf8(bytes)) return std::string(bytes);  // nearly always
  std::string out;
  out.reserve(bytes.size());
  std::size_t good = 0;  // everything before this is written
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t length = SequenceLength(bytes, at);
    at += length;
    if (length != 0) continue;
    out.append(bytes.substr(good, at - good)).append(kReplacement);
    good = ++at;
  }
  return out.append(bytes.substr(good));
}

bool MayHaveControls(std::string_view text) {
  constexpr std::uint64_t kOnes = 0x0101010101010101U;
  constexpr std::uint64_t kHighs = 0x8080808080808080U;
  std::size_t at = 0;
  for (std::uint64_t word = 0; at + sizeof word <= text.size(); at += sizeof word) {
    std::memcpy(&word, text.data() + at, sizeof word);
    const std::uint64_t del = word ^ (0x7FU * kOnes);  // a byte of 0 where there is a DEL
    // Below zero, and so with its high bit set, is what was too small; a borrow comes from nothing else.
    if (((word | (word - 0x20U * kOnes) | (del - kOnes)) & kHighs) != 0) return true;
  }
  return std::any_of(text.begin() + static_cast<std::ptrdiff_t>(at), text.end(), MayBeControl);
}

std::string EscapeControls(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    // Nearly every line is one such run.
    const std::size_t plain = i;
    while (i < text.size() && !MayBeControl(text[i])) ++i;
    out.append(text, plain, i - plain);
    if (i == text.size()) break;
    const auto c = static_cast<unsigned char>(text[i]);
    const bool c1 = c == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (IsControl(c)) {
      out += fmt::format("\\x{:02x}", c);
    } else if (c1) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[++i]));
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string ToHex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  hex.reserve(2 * bytes.size());
  for (const char c : bytes) {
    hex += kDigits[static_cast<unsigned char>(c) >> 4U];
    hex += kDigits[static_cast<unsigned char>(c) & 15U];
  }
  return hex;
}

std::string UuidText(std::string_view sixteen_bytes) {
  std::string text = ToHex(sixteen_bytes);
  for (const std::size_t at : {8, 13, 18, 23}) text.insert(at, 1, '-');
  return text;
}

std::string CleanOutput(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  std::size_t good = 0;  // everything before this is written or dropped
  const auto replace = [&](std::size_t at, std::size_t length, std::string_view by) {
    out.append(bytes.substr(good, at - good)).append(by);
    good = at + length;
  };
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t length = SequenceLength(bytes, at);
    const char c = bytes[at];
    if (length == 0) {
      replace(at, 1, kReplacement);
    } else if (length > 1) {
      if (IsC1(bytes.substr(at, length))) replace(at, length, {});
    } else if (c == '\r') {
      const bool before_newline = at + 1 < bytes.size() && bytes[at + 1] == '\n';
      replace(at, 1, before_newline ? "" : "\n");
    } else if (c != '\n' && c != '\t' && IsControl(static_cast<unsigned char>(c))) {
      replace(at, 1, {});
    }
    at += length == 0 ? 1 : length;
  }
  return out.append(bytes.substr(good));
}

std::string_view LastLines(std::string_view text, std::size_t count) {
  if (text.empty() || count == 0) return {};
  std::size_t at = text.size();
  if (text[at - 1] == '\n') --at;  // the final newline ends a line, it does not begin one
  for (; count > 0; --count) {
    const std::size_t newline = at == 0 ? std::string_view::npos : text.rfind('\n', at - 1);
    if (newline == std::string_view::npos) return text;
    at = newline;
  }
  return text.substr(at + 1);
}

std::string EscapeHtml(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  std::size_t good = 0;  // everything before this is written
  for (std::size_t at = text.find_first_of("&<>"); at != std::string_view::npos; at = text.find_first_of("&<>", good)) {
    out.append(text.substr(good, at - good)).append(text[at] == '&' ? "&amp;" : text[at] == '<' ? "&lt;" : "&gt;");
    good = at + 1;
  }
  return out.append(text.substr(good));
}

std::string MaskUrlCredentials(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t scheme = text.find("://", at);
    if (scheme == std::string_view::npos) return out.append(text.substr(at));
    const std::size_t authority = scheme + 3;
    const std::size_t end = std::min(text.find_first_of("/?# \t\n\"'", authority), text.size());
    const std::size_t host = text.substr(0, end).rfind('@');
    out += text.substr(at, authority - at);
    if (host != std::string_view::npos && host >= authority) {
      out += "***";
      at = host;
    } else {
      at = authority;
    }
  }
  return out;
}

std::string Shorten(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return std::string(text);
  std::size_t end = max_bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "…";
}

std::string PrintableAscii(std::string_view text, std::size_t max_bytes) {
  std::string out(text.substr(0, max_bytes));
  for (char& c : out) {
    if (c < 0x20 || c > 0x7E) c = '?';
  }
  return out;
}

std::string QuoteForDisplay(const std::vector<std::string>& argv) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
  std::string out;
  for (const std::string& word : argv) {
    if (!out.empty()) out += ' ';
    if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) {
      out += word;
      continue;
    }
    out += '\'';
    for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    out += '\'';
  }
  return out;
}

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n\f\v";
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

std::optional<long long> ToInteger(std::string_view text) {
  long long value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

std::string HumanSize(double bytes) {
  constexpr std::array<std::string_view, 6> kUnits = {"", "K", "M", "G", "T", "P"};
  // The next unit begins at 1000 of the last, not at 1024, so that there are never more than three digits.
  std::size_t unit = 0;
  while (bytes >= 1000 && unit + 1 < kUnits.size()) {
    bytes /= 1024;
    ++unit;
  }
  if (unit == 0) return fmt::format("{:.0f}", bytes);
  const int decimals = bytes < 9.995 ? 2 : bytes < 99.95 ? 1 : 0;
  return fmt::format("{:.{}f}{}", bytes, decimals, kUnits[unit]);
}

}  // namespace cmdsrv
