#include "content/menu_sync.hpp"

#include <algorithm>
#include <string>

#include "base/names.hpp"
#include "content/menu_defs.hpp"

namespace cmdsrv {
namespace {

bool FlagOf(const json::object& fields, std::string_view key, bool otherwise) {
  const json::value* value = fields.if_contains(key);
  return value != nullptr && value->is_bool() ? value->get_bool() : otherwise;
}

bool EndsInOneOf(std::string_view name, std::initializer_list<std::string_view> endings) {
  const auto dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return false;
  std::string ending(name.substr(dot + 1));
  for (char& c : ending) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return std::ranges::find(endings, ending) != endings.end();
}

SyncAction DecideBoth(const json::object& local, std::string_view remote_sha) {
  const std::string_view status = TextMember(local, "edit_status");
  const std::string_view sha = TextMember(local, "commit_sha");
  if (status == "repo") {
    const bool wanted = sha != remote_sha && FlagOf(local, "download_flag", true);
    return wanted ? SyncAction::Download : SyncAction::Nothing;
  }
  if (status != "local_change" && !status.empty()) return SyncAction::Nothing;
  if (!sha.empty() && sha != remote_sha) return SyncAction::Conflict;
  return FlagOf(local, "upload_flag", false) ? SyncAction::Upload : SyncAction::Nothing;
}

}  // namespace

SyncAction DecideSync(const SyncCase& one) {
  if (one.obsolete) return SyncAction::SkipObsolete;
  if (one.local == nullptr) return one.remote_sha.empty() ? SyncAction::Nothing : SyncAction::Download;
  if (!one.language_known) return SyncAction::SkipUnknownLanguage;
  if (!one.remote_sha.empty()) return DecideBoth(*one.local, one.remote_sha);
  return FlagOf(*one.local, "upload_flag", false) ? SyncAction::Upload : SyncAction::Nothing;
}

bool IsImageName(std::string_view name) {
  return IsPlainName(name) && !name.starts_with('-') && EndsInOneOf(name, {"png", "jpg", "jpeg", "gif", "svg"});
}

bool IsExtraHtmlName(std::string_view name) {
  return IsPlainName(name) && !name.starts_with('-') && EndsInOneOf(name, {"html"});
}

Result<json::object> ReadRemoteDef(std::string_view text) {
  auto fields = ParseMenuDef(text);
  if (!fields) return fields;
  for (const auto& [key, value] : *fields) {
    if (value.is_object() || value.is_array())
      return Fail(ErrorCode::Corrupt, "its field {} is no text", std::string_view(key));
  }
  const std::string_view logo = TextMember(*fields, "logo_url");
  if (!logo.empty() && !IsImageName(logo))
    return Fail(ErrorCode::Corrupt, "\"{}\" cannot be the name of an icon", logo);
  const std::string_view extra = TextMember(*fields, "extra_html");
  if (!extra.empty() && !IsExtraHtmlName(extra))
    return Fail(ErrorCode::Corrupt, "\"{}\" cannot be the name of an extra page", extra);
  return fields;
}

json::object MarkSynchronised(json::object fields, std::string_view sha, std::string_view date) {
  fields["edit_status"] = "repo";
  fields["commit_sha"] = sha;
  fields["change_ref"] = "copy from repo";
  fields["change_date"] = date;
  fields["upload_flag"] = false;
  fields["download_flag"] = true;
  return OrderMenuDef(fields);
}

json::object ForUpload(const json::object& fields) {
  json::object sent = OrderMenuDef(fields, UnknownFields::Drop);
  sent.erase("upload_flag");
  sent.erase("download_flag");
  return sent;
}

}  // namespace cmdsrv
