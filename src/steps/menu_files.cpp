#include "steps/menu_files.hpp"

#include "platform/files.hpp"
#include "steps/say.hpp"

namespace cmdsrv {

Languages ReadLanguages(const std::string& assets_dir) {
  const auto text = ReadFile(assets_dir + "lang_codes.json", 4U << 20U);
  auto languages = text ? Languages::Parse(*text) : Failure(text.error());
  if (languages) return *std::move(languages);
  Say("warning: {}; languages keep their three-letter codes", languages.error().message);
  return {};
}

}  // namespace cmdsrv
