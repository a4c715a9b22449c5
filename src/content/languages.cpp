#include "content/languages.hpp"

#include "base/json.hpp"
#include "base/names.hpp"
#include "base/text.hpp"

namespace cmdsrv {

Result<Languages> Languages::Parse(std::string_view text) {
  const auto document = ParseJson(text);
  if (!document) return Fail(ErrorCode::Corrupt, "cannot read the language codes: {}", document.error().message);
  const json::object* codes = document->if_object();
  if (codes == nullptr) return Fail(ErrorCode::Corrupt, "cannot read the language codes: they are no JSON object");
  Languages languages;
  for (const auto& [code, value] : *codes) {
    const json::object* entry = value.if_object();
    const std::string_view iso2 = entry != nullptr ? TextMember(*entry, "iso2") : std::string_view{};
    if (!IsMenuName(iso2)) continue;  // it becomes a part of them; "zh-classical" is one too
    languages.iso2_[std::string(code)] = iso2;
    languages.known_.emplace(iso2);
  }
  return languages;
}

std::string Languages::ToIso2(std::string_view iso3) const {
  const std::string_view first = Trim(iso3.substr(0, iso3.find(',')));
  const auto found = iso2_.find(first);
  return found == iso2_.end() ? std::string(first) : found->second;
}

std::string_view Languages::WithoutPrefix(std::string_view name) const {
  for (auto dash = name.rfind('-'); dash != std::string_view::npos && dash > 0; dash = name.rfind('-', dash - 1)) {
    if (IsIso2(name.substr(0, dash))) return name.substr(dash + 1);
  }
  return name;
}

}  // namespace cmdsrv
