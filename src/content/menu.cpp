#include "content/menu.hpp"

#include <algorithm>

#include "platform/files.hpp"

namespace cmdsrv {
namespace {

constexpr std::size_t kMenuLimit = 4U << 20U;
constexpr std::size_t kMenuDepth = 16;
constexpr const char* kItems = "menu_items_1";

}  // namespace

Result<Menu> ParseMenu(std::string_view text) {
  json::parse_options options;
  options.max_depth = kMenuDepth;
  json::stream_parser parser({}, options);
  json::error_code error;
  const std::size_t used = parser.write_some(text.data(), text.size(), error);  // to the end of the document
  if (!error && !parser.done()) parser.finish(error);
  if (error) return Fail(ErrorCode::Corrupt, "the menu is not valid JSON at byte {}: {}", used, error.message());
  auto document = ParseJson(text.substr(0, used), {.depth = kMenuDepth, .bytes = kMenuLimit});
  if (!document) return Fail(ErrorCode::Corrupt, "the menu cannot be used: {}", document.error().message);
  if (!document->is_object()) return Fail(ErrorCode::Corrupt, "the menu is no JSON object");
  const bool surplus = text.substr(used).find_first_not_of(" \t\r\n") != std::string_view::npos;
  return Menu{std::move(document->get_object()), surplus ? MenuOrigin::Repaired : MenuOrigin::File};
}

Result<Menu> ReadMenu(const std::string& path) {
  const auto text = ReadFile(path, kMenuLimit);
  if (!text && text.error().code != ErrorCode::NotFound) return Failure(text.error());
  auto menu = text ? ParseMenu(*text) : Failure(text.error());
  if (menu) return menu;
  const auto backup = ReadFile(path + ".bak", kMenuLimit);
  if (auto old = backup ? ParseMenu(*backup) : Failure(backup.error())) {
    old->origin = MenuOrigin::Backup;
    return old;
  }
  if (!text) return Failure(text.error());
  return Fail(ErrorCode::Corrupt, "cannot read {}: {}; there is no readable backup {}.bak", path, menu.error().message,
              path);
}

Result<void> WriteMenu(const std::string& path, const json::object& document, std::string_view stamp) {
  const std::string text = PrintJsonIndented(document);
  const auto old = ReadFile(path, kMenuLimit);
  if (!old) return WriteFileAtomically(path, text);
  if (*old == text) return {};
  const bool readable = ParseMenu(*old).has_value();
  return WriteFileAtomically(path, text,
                             {.backup = readable ? path + ".bak" : fmt::format("{}.broken-{}", path, stamp)});
}

std::vector<std::string> MenuItems(const json::object& menu) {
  std::vector<std::string> items;
  const json::value* list = menu.if_contains(kItems);
  if (list == nullptr || !list->is_array()) return items;
  for (const json::value& item : list->get_array()) {
    if (item.is_string()) items.emplace_back(item.get_string());
  }
  return items;
}

void SetMenuItems(json::object& menu, const std::vector<std::string>& items) {
  menu[kItems] = json::array(items.begin(), items.end());
}

bool MayUpdateItself(const json::object& menu) {
  const json::value* flag = menu.if_contains("autoupdate_menu");
  return flag != nullptr && flag->is_bool() && flag->get_bool();
}

bool UpdateMenuItems(std::vector<std::string>& items, const std::vector<WantedItem>& wanted,
                     const std::function<bool(const std::string&)>& has_definition, const Languages& languages) {
  bool changed = std::erase_if(items, [&](const std::string& item) { return !has_definition(item); }) > 0;
  for (const WantedItem& one : wanted) {
    if (!has_definition(one.name)) continue;
    const auto is_there = [&](const std::string& item) {
      return item == one.name ||
             (one.any_language && languages.WithoutPrefix(item) == languages.WithoutPrefix(one.name));
    };
    if (std::ranges::any_of(items, is_there)) continue;
    const bool credits_last = !items.empty() && items.back().find("credits") != std::string::npos;
    items.insert(credits_last ? items.end() - 1 : items.end(), one.name);
    changed = true;
  }
  return changed;
}

}  // namespace cmdsrv
