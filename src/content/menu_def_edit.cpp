#include "content/menu_def_edit.hpp"

#include <algorithm>

#include "base/names.hpp"
#include "content/menu_defs.hpp"

namespace cmdsrv {
namespace {

constexpr std::size_t kMostCharacters = 20'000;
constexpr std::size_t kMostFields = 100;

constexpr std::string_view kTexts[] = {
    "intended_use", "zim_name",          "moddir",   "map_name",   "kolibri_channel_id",  "start_url",      "title",
    "description",  "extra_description", "footnote", "commit_sha", "previous_commit_sha", "download_folder"};

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
  const bool is_file = key == "logo_url" || key == "extra_html";
  // Where others look for a text: root programs make paths of some, the home page shows the rest.
  const bool is_known = is_file || std::ranges::find(kTexts, key) != std::end(kTexts);
  if (key == "lang" && !value.is_string()) return wrong("must be a language");
  if (is_known && !value.is_string() && !value.is_null()) return wrong("must be a text");
  if (!value.is_string()) return {};
  const std::string_view text = value.get_string();
  if (Characters(text) > kMostCharacters) return wrong("is longer than 20000 characters");
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
