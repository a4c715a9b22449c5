#include "content/zim_names.hpp"

namespace cmdsrv {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

/// "_20YY-MM" with a month that exists.
bool IsVersionEnding(std::string_view text) {
  if (text.size() != 8 || !text.starts_with("_20") || text[5] != '-') return false;
  if (!IsDigit(text[3]) || !IsDigit(text[4]) || !IsDigit(text[6]) || !IsDigit(text[7])) return false;
  const int month = (text[6] - '0') * 10 + (text[7] - '0');
  return month >= 1 && month <= 12;
}

}  // namespace

std::string ZimStem(std::string_view path_or_url) {
  const auto slash = path_or_url.rfind('/');
  const auto name = slash == std::string_view::npos ? path_or_url : path_or_url.substr(slash + 1);
  return std::string(name.substr(0, name.find(".zim")));
}

std::string PermaRef(std::string_view path_or_url) {
  std::string stem = ZimStem(path_or_url);
  constexpr std::size_t kEnding = 8;
  if (stem.size() > kEnding && IsVersionEnding(std::string_view(stem).substr(stem.size() - kEnding)))
    stem.resize(stem.size() - kEnding);
  return stem;
}

std::string WholeZimName(std::string_view file) {
  constexpr std::string_view kEnding = ".zim";
  const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
  if (file.size() > kEnding.size() + 2 && !file.ends_with(kEnding) && is_letter(file.back()) &&
      is_letter(file[file.size() - 2]))
    file.remove_suffix(2);
  if (!file.ends_with(kEnding) || file.size() == kEnding.size() || file.front() == '.') return {};
  return std::string(file);
}

}  // namespace cmdsrv
