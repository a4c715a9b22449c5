#include "content/menu_def_edit.hpp"

#include <algorithm>

#include "base/names.hpp"
#include "content/menu_defs.hpp"

namespace cmdsrv {
namespace {

constexpr std::size_t kMostCharacters = 20'000;
constexpr std::size_t kMostFields = 100;

std::size_t Characters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

Result<void> CheckField(std::string_view key, const json::value& value) {
  const auto wrong = [&](std::string_view rule) {
    return Fail(ErrorCode::Malformed, "menu_item_def: {} {}", key, rule);
  };
  if (key == "upload_flag" || key == "download_flag")
    return value.is_bool() ? Result<void>{} : wrong("must be true or false");
  if (value.is_object() || value.is_array()) return wrong("must be a plain value");
  if (!value.is_string()) return {};
  const std::string_view text = value.get_string();
  if (Characters(text) > kMostCharacters) return wrong("is longer than 20000 characters");
  const bool is_file = key == "logo_url" || key == "extra_html";
  if (is_file && !text.empty() && !IsPlainName(text)) return wrong("must be the plain name of a file");
  if (key == "lang" && !IsLanguage(text)) return wrong("must be a language");
  return {};
}

}  // namespace

Result<json::object> EditMenuDef(const json::object* existing, std::string_view name, std::string_view mode,
                                 const json::object& given, std::string_view date) {
  if (given.size() > kMostFields)
    return Fail(ErrorCode::Malformed, "menu_item_def has more than {} fields", kMostFields);
  json::object fields = existing != nullptr ? *existing : json::object();
  for (const auto& [key, value] : given) {
    if (auto checked = CheckField(key, value); !checked) return Failure(checked.error());
    fields[key] = value;
  }
  for (const char* flag : {"upload_flag", "download_flag"}) {
    if (!given.contains(flag)) return Fail(ErrorCode::Malformed, "menu_item_def: {} is missing", flag);
  }
  fields["name"] = name;
  fields["edit_status"] = "local_change";
  fields["change_ref"] = fmt::format("admin_console - {}", mode);
  fields["change_date"] = date;
  return OrderMenuDef(fields);
}

}  // namespace cmdsrv
