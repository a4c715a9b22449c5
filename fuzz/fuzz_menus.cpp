// Menus and menu item definitions: of the box, of the shared repository, and as the console sends them. Before the
// first NUL: what the console sends.
#include <algorithm>

#include "content/menu.hpp"
#include "content/menu_def_edit.hpp"
#include "content/menu_defs.hpp"
#include "content/menu_sync.hpp"
#include "target.hpp"

using namespace cmdsrv;

namespace {

constexpr const char* kDate = "2026-05-01";

void CheckMenu(std::string_view text) {
  auto menu = ParseMenu(text);
  if (!menu) return;
  const std::string printed = PrintJson(menu->document);
  const auto again = ParseMenu(printed);
  FUZZ_CHECK(again.has_value() && again->origin == MenuOrigin::File &&
             (HasLongNumber(text) || PrintJson(again->document) == printed));
  auto items = MenuItems(menu->document);
  const auto has = [](const std::string& name) { return name.size() % 2 == 0; };
  UpdateMenuItems(items, {{"en-credits", true}, {"en-new", false}}, has, Languages());
  FUZZ_CHECK(std::ranges::all_of(items, has));
  auto second = items;
  FUZZ_CHECK(!UpdateMenuItems(second, {{"en-credits", true}, {"en-new", false}}, has, Languages()) && second == items);
  SetMenuItems(menu->document, items);
  FUZZ_CHECK(MenuItems(menu->document) == items);
}

void CheckDefinition(std::string_view text, const json::object& given) {
  const auto fields = ParseMenuDef(text);
  const json::object* existing = fields ? &*fields : nullptr;
  if (fields) {
    const json::object ordered = OrderMenuDef(*fields);
    FUZZ_CHECK(ordered.size() >= fields->size());
    FUZZ_CHECK(ParseMenuDef(PrintMenuDef(ordered)).has_value());
    FUZZ_CHECK(!ForUpload(*fields).contains("upload_flag"));
    (void)DecideSync({.local = existing, .remote_sha = "x"});
  }
  for (const char* mode : {"edit", "clone"}) {
    const auto edited = EditMenuDef(existing, "en-demo", mode, given, kDate);
    if (!edited) continue;
    const auto logo = edited->find("logo_url");
    if (given.contains("logo_url") && logo != edited->end() && logo->value().is_string())
      FUZZ_CHECK(std::string_view(logo->value().get_string()).find('/') == std::string_view::npos);
    FUZZ_CHECK(ParseMenuDef(PrintMenuDef(*edited)).has_value());
  }
  if (const auto remote = ReadRemoteDef(text)) {
    for (const auto& field : *remote) FUZZ_CHECK(!field.value().is_object() && !field.value().is_array());
    const auto marked = MarkSynchronised(*remote, "x", kDate);
    FUZZ_CHECK(DecideSync({.local = &marked, .remote_sha = "x"}) == SyncAction::Nothing);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = AsText(data, size);
  const std::size_t nul = input.find('\0');
  const std::string_view text = nul == std::string_view::npos ? input : input.substr(nul + 1);
  const auto given = ParseJson(input.substr(0, std::min(nul, size)));
  CheckMenu(text);
  CheckDefinition(text, given && given->is_object() ? given->get_object() : json::object{});
  return 0;
}
