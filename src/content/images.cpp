#include "content/images.hpp"

#include <string>

namespace cmdsrv {

std::string_view ImageEnding(std::string_view bytes) {
  using namespace std::string_view_literals;
  if (bytes.starts_with("\x89PNG\r\n\x1a\n"sv)) return ".png";
  if (bytes.starts_with("\xff\xd8\xff"sv)) return ".jpg";
  if (bytes.starts_with("GIF87a"sv) || bytes.starts_with("GIF89a"sv)) return ".gif";
  return {};
}

bool EndingFits(std::string_view name, std::string_view image_ending) {
  const auto dot = name.rfind('.');
  if (dot == std::string_view::npos || image_ending.empty()) return false;
  std::string ending(name.substr(dot));
  for (char& c : ending) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return ending == image_ending || (ending == ".jpeg" && image_ending == ".jpg");
}

}  // namespace cmdsrv
