#include "support/box/box.hpp"
#include "support/files.hpp"
#include "support/png.hpp"

namespace cmdsrv::test::box {
namespace {

struct Item {
  const char* name;
  const char* use;
  const char* zim_name;
  const char* title;
  const char* description;
  const char* footnote;
  const char* logo;
};

constexpr const char* kZimFootnote =
    "Size: ##SIZE##, Articles: ##ARTICLE_COUNT##, Media: ##MEDIA_COUNT##, Date: ##zim_date##";

constexpr Item kItems[] = {
    {"en-village_en_all_maxi", "zim", "village_en_all_maxi", "Village knowledge", "Wells, seeds, first aid.",
     kZimFootnote, "content.png"},
    {"en-usb", "webroot", "", "USB sticks", "What is on the sticks in this box.", "", "usb.png"},
    {"en-calibreweb", "calibreweb", "", "Books", "E-books to read and to take along.", "", "books.png"},
    {"en-internet", "external", "", "Internet", "Pages outside of the box.", "", "content.png"},
    {"en-credits", "info", "", "Thanks", "To all who filled this box.", "", "content.png"},
};

json::object Definition(const Item& item) {
  return {
      {"name", item.name},
      {"lang", "en"},
      {"intended_use", item.use},
      {"zim_name", item.zim_name},
      {"moddir", ""},
      {"start_url", ""},
      {"title", item.title},
      {"logo_url", item.logo},
      {"description", item.description},
      {"extra_description", ""},
      {"extra_html", ""},
      {"footnote", item.footnote},
      {"edit_status", "repo"},
      {"commit_sha", Sha256(item.name).substr(0, 40)},
      {"change_ref", "copy from repo"},
      {"change_date", "2026-01-15"},
      {"upload_flag", false},
      {"download_flag", true},
  };
}

json::object HomeMenu() {
  json::object menu = {
      {"debug", false},
      {"menu_lang", "en"},
      {"force_mobile_layout", false},
      {"mobile_header_font", "1.2em"},
  };
  for (const char* part : {"description", "extra_description", "extra_html", "footnote"}) {
    menu[fmt::format("mobile_incl_{}", part)] = std::string_view(part) == "description";
    menu[fmt::format("desktop_incl_{}", part)] = true;
  }
  menu["allow_kiwix_search"] = true;
  menu["allow_poweroff"] = false;
  menu["poweroff_prompt"] = "Switch the box off?";
  menu["autoupdate_menu"] = true;
  menu["allow_server_time_update"] = true;
  menu["multi_tab"] = false;
  menu["tab_names"] = json::array{"Home"};
  menu["menu_items_1"] = {"en-village_en_all_maxi", "en-usb", "en-credits"};
  return menu;
}

}  // namespace

Result<void> WriteMenus(const std::string& root) {
  const std::string files = root + "/library/www/html/js-menu/menu-files";
  for (const Item& item : kItems) {
    const std::string path = fmt::format("{}/menu-defs/{}.json", files, item.name);
    if (auto done = WriteTextIfMissing(path, PrintJsonIndented(Definition(item))); !done) return done;
  }
  const std::pair<const char*, std::uint32_t> images[] = {
      {"content.png", 0x668899}, {"content.jpg", 0x668899}, {"usb.png", 0x99aa55}, {"books.png", 0xaa6644}};
  for (const auto& [name, colour] : images) {
    if (auto done = WriteTextIfMissing(fmt::format("{}/images/{}", files, name), MakePng(96, colour)); !done)
      return done;
  }
  return WriteTextIfMissing(root + "/library/www/html/home/menu.json", PrintJsonIndented(HomeMenu()));
}

}  // namespace cmdsrv::test::box
