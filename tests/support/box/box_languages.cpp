#include "support/box/box.hpp"
#include "support/files.hpp"

namespace cmdsrv::test::box {
namespace {

struct Language {
  const char* code;
  const char* iso2;
  const char* english;
  const char* local;
};

/// Several codes share an iso2 (nor and nob), and one is longer than a language: what readers must cope with.
// clang-format off
constexpr Language kLanguages[] = {
    {"ara", "ar", "Arabic", "العربية"},      {"ben", "bn", "Bengali", "বাংলা"},
    {"deu", "de", "German", "Deutsch"},      {"ger", "de", "German", "Deutsch"},
    {"eng", "en", "English", "English"},     {"spa", "es", "Spanish", "Español"},
    {"fra", "fr", "French", "Français"},     {"fre", "fr", "French", "Français"},
    {"hat", "ht", "Haitian", "Kreyòl"},      {"hin", "hi", "Hindi", "हिन्दी"},
    {"ind", "id", "Indonesian", "Indonesia"}, {"kin", "rw", "Kinyarwanda", "Ikinyarwanda"},
    {"nep", "ne", "Nepali", "नेपाली"},        {"nob", "no", "Norwegian", "Norsk bokmål"},
    {"nor", "no", "Norwegian", "Norsk"},     {"por", "pt", "Portuguese", "Português"},
    {"run", "rn", "Rundi", "Ikirundi"},      {"rus", "ru", "Russian", "Русский"},
    {"swa", "sw", "Swahili", "Kiswahili"},   {"urd", "ur", "Urdu", "اردو"},
    {"zho", "zh", "Chinese", "中文"},         {"lzh", "zh-classical", "Classical Chinese", "文言"},
};
// clang-format on

}  // namespace

Result<void> WriteLanguages(const std::string& root) {
  json::object codes;
  for (const Language& language : kLanguages) {
    codes[language.code] = {{"iso2", language.iso2}, {"engname", language.english}, {"locname", language.local}};
  }
  return WriteTextIfMissing(root + "/library/www/html/common/assets/lang_codes.json", PrintJsonIndented(codes));
}

}  // namespace cmdsrv::test::box
