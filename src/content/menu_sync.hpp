#pragma once

#include <string_view>

#include "base/json.hpp"
#include "base/result.hpp"

/// What happens to a menu item definition when the box and the shared repository are brought together (spec
/// tools 10.1). Pure.
namespace cmdsrv {

enum class SyncAction {
  Nothing,
  SkipObsolete,         ///< on the list of definitions that nobody wants any more
  SkipUnknownLanguage,  ///< local, and its name does not begin with a language
  Download,
  Upload,
  Conflict,  ///< changed here and there
};

struct SyncCase {
  const json::object* local = nullptr;  ///< null: not in the box
  std::string_view remote_sha = {};     ///< empty: not in the repository
  bool obsolete = false;
  bool language_known = true;
};

SyncAction DecideSync(const SyncCase& one);

/// A definition of the repository, checked: an object of plain values, at most 256 KiB; logo_url and extra_html are
/// names of files with one of the allowed endings, or empty. Corrupt otherwise.
Result<json::object> ReadRemoteDef(std::string_view text);

/// What is written into the box after a download or an upload.
json::object MarkSynchronised(json::object fields, std::string_view sha, std::string_view date);

/// What is sent: ordered, without unknown fields and the two flags.
json::object ForUpload(const json::object& fields);

bool IsImageName(std::string_view name);      ///< a plain name that ends in png, jpg, jpeg, gif or svg
bool IsExtraHtmlName(std::string_view name);  ///< a plain name that ends in html

}  // namespace cmdsrv
