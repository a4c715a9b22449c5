#include "ctl/shown_text.hpp"

#include <locale.h>
#include <wchar.h>

#include <array>
#include <utility>

#include "base/text.hpp"

namespace cmdsrv::ctl {
namespace {

/// One code point of valid UTF-8 and the bytes it takes.
std::pair<char32_t, std::size_t> Decode(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<char32_t>(static_cast<unsigned char>(text[at + i])); };
  const std::size_t left = text.size() - at;
  const char32_t lead = byte(0);
  if (lead >= 0xF0 && left >= 4) {
    return {(lead & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F), 4};
  }
  if (lead >= 0xE0 && left >= 3) return {(lead & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F), 3};
  if (lead >= 0xC2 && left >= 2) return {(lead & 0x1F) << 6 | (byte(1) & 0x3F), 2};
  return {lead, 1};
}

/// C1 controls are escape sequences to some terminals; direction marks make a line show something that it does not say.
bool IsHarmful(char32_t c) {
  return (c >= 0x80 && c < 0xA0) || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0x200E ||
         c == 0x200F || c == 0x061C || c == 0x2028 || c == 0x2029 || c == 0xFEFF;
}

/// Characters have widths in a UTF-8 locale only, whatever the operator's is.
class Utf8Locale {
 public:
  Utf8Locale() : locale_(newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {}
  ~Utf8Locale() {
    if (locale_ != nullptr) freelocale(locale_);
  }
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;

  std::size_t Width(char32_t c) const {
    if (c < 0x7F || locale_ == nullptr) return 1;
    const locale_t before = uselocale(locale_);
    const int width = wcwidth(static_cast<wchar_t>(c));
    uselocale(before);
    return width < 0 ? 1 : static_cast<std::size_t>(width);
  }

 private:
  locale_t locale_;
};

std::size_t WidthOf(char32_t c) {
  static const Utf8Locale locale;
  return locale.Width(c);
}

}  // namespace

std::string CleanLines(std::string_view text) {
  const std::string clean = CleanOutput(text);
  std::string out;
  out.reserve(clean.size());
  for (std::size_t at = 0; at < clean.size();) {
    const auto [c, length] = Decode(clean, at);
    if (!IsHarmful(c)) out.append(clean, at, length);
    at += length;
  }
  return out;
}

std::string CleanLine(std::string_view text) {
  std::string out = CleanLines(text);
  for (char& c : out) {
    if (c == '\n' || c == '\t') c = ' ';
  }
  return std::string(Trim(out));
}

std::string UnescapeHtml(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, char>, 6> kEntities = {
      {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&#39;", '\''}, {"&#x27;", '\''}}};
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    std::size_t taken = 0;
    for (const auto& [entity, meaning] : kEntities) {
      if (text[at] != '&' || !text.substr(at).starts_with(entity)) continue;
      out += meaning;
      taken = entity.size();
      break;
    }
    if (taken == 0) out += text[at++];
    at += taken;
  }
  return out;
}

std::size_t DisplayWidth(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto [c, length] = Decode(text, at);
    width += WidthOf(c);
    at += length;
  }
  return width;
}

std::string Fit(std::string_view text, std::size_t width) {
  if (DisplayWidth(text) <= width) return std::string(text);
  if (width == 0) return {};
  std::size_t used = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    const auto [c, length] = Decode(text, at);
    if (used + WidthOf(c) > width - 1) break;  // one column is for the ellipsis
    used += WidthOf(c);
    at += length;
  }
  return std::string(text.substr(0, at)) + "…";
}

std::string Indent(std::string_view lines, std::string_view prefix) {
  if (lines.ends_with('\n')) lines.remove_suffix(1);
  std::string out;
  for (const std::string_view line : Split(lines, '\n')) {
    out += prefix;
    out += line;
    while (out.ends_with(' ')) out.pop_back();
    out += '\n';
  }
  return out;
}

}  // namespace cmdsrv::ctl
