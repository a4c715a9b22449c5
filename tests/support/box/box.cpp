#include "support/box/box.hpp"

#include <filesystem>

#include "support/files.hpp"
#include "support/zip_maker.hpp"

namespace cmdsrv::test {
namespace {

constexpr const char* kDirectories[] = {
    "/etc/iiab",
    "/opt/admin/cmdsrv/scripts",
    "/opt/admin/cmdsrv/assets",
    "/opt/admin/cmdsrv/presets",
    "/opt/iiab/iiab/vars",
    "/library/zims/content",
    "/library/zims/index",
    "/library/working/zims",
    "/library/working/rachel",
    "/library/working/maps",
    "/library/working/uploads",
    "/library/downloads/zims",
    "/library/downloads/rachel",
    "/library/downloads/maps",
    "/library/www/html/home",
    "/library/www/html/common/assets",
    "/library/www/html/js-menu/menu-files/menu-defs",
    "/library/www/html/js-menu/menu-files/images",
    "/library/www/html/modules",
    "/library/www/html/local_content",
    "/library/www/osm-vector-maps/viewer/tiles",
    "/run/lock/iiab-menus",
    "/run/lock/kiwix",
    "/tmp",
    "/var/lib",
    "/var/log",
    "/media",
    "/internet/zim/other",
    "/internet/zim/iiab",
    "/usr/bin",
};

ZimSpec Installed() {
  ZimSpec spec;
  spec.file_ref = "village_en_all_maxi_2025-06";
  spec.title = "Village knowledge";
  spec.date = "2025-06-10";
  return spec;
}

ZimSpec Usual(unsigned number) {
  ZimSpec spec;
  switch (number) {
    case 0:
      spec.full_text_index = true;
      spec.articles = 12;
      return spec;
    case 1:
      spec.file_ref = "atlas_fr_all_maxi_2026-02";
      spec.title = "Atlas";
      spec.description = "Un atlas de démonstration";
      spec.language = "fra";
      spec.date = "2026-02-03";
      spec.payload_bytes = 2'000'000;
      return spec;
    case 2:
      spec.file_ref = "films_es_all_2026-03";
      spec.title = "Películas";
      spec.language = "spa";
      spec.flavour = "";
      spec.tags = "_category:other;_ftindex:no;_pictures:yes;_videos:yes;_details:yes";
      spec.date = "2026-03-21";
      spec.payload_bytes = 20'000'000;
      return spec;
    case 3:
      spec = Installed();
      spec.file_ref = "village_en_all_maxi_2026-02";
      spec.date = "2026-02-14";
      spec.articles = 7;
      return spec;
    default:
      spec.file_ref = fmt::format("lessons-{}_en_all_nopic_2026-04", number);
      spec.title = fmt::format("Lessons {}", number);
      spec.flavour = "nopic";
      spec.date = "2026-04-01";
      return spec;
  }
}

ZimSpec Handbook() {
  ZimSpec spec;
  spec.file_ref = "handbook_en_all_2026-01";
  spec.title = "Handbook of the box";
  spec.flavour = "";
  spec.creator = "Handbooks";
  spec.tags = "handbook;_ftindex:no;novid";
  return spec;
}

Result<void> MakeMissingZim(const std::string& directory, const ZimSpec& spec) {
  if (Exists(fmt::format("{}/{}.zim", directory, spec.file_ref))) return {};
  if (auto made = MakeZim(directory, spec); !made) return Failure(made.error());
  return {};
}

ZimSpec Portable() {
  ZimSpec spec;
  spec.file_ref = "travels_en_all_2015-09";
  spec.title = "Travels";
  spec.flavour = "";
  spec.date = "2015-09-01";
  spec.payload_bytes = 1'000'000;
  return spec;
}

/// A ZIM as it was offered in 2015: in an archive together with its search index and the programs that showed it. The
/// ZIM itself is there too, because the catalog's entry names both.
Result<void> MakePortable(const std::string& root, const ZimSpec& spec) {
  const std::string zip = fmt::format("{}{}/kiwix-0.9+{}.zip", root, box::kPortableDirectory, spec.file_ref);
  if (Exists(zip)) return {};
  const auto zim = MakeZim(root + box::kMirrorDirectory + "/portable", spec);
  if (!zim) return Failure(zim.error());
  auto bytes = ReadText(*zim);
  if (!bytes) return Failure(bytes.error());
  return MakeZip(zip, {{.path = "autorun.inf", .bytes = "[autorun]\r\n"},
                       {.path = "kiwix/"},
                       {.path = "kiwix/kiwix.exe", .bytes = "MZ: a program for another system", .mode = 0755},
                       {.path = "data/"},
                       {.path = "data/content/"},
                       {.path = fmt::format("data/content/{}.zim", spec.file_ref), .bytes = *std::move(bytes)},
                       {.path = "data/library/library.xml", .bytes = "<library/>"},
                       {.path = fmt::format("data/index/{}.zim.idx/postlist.DB", spec.file_ref), .bytes = "an index"}});
}

Result<void> MakeZims(const std::string& root, const BoxOptions& options) {
  for (const ZimSpec& spec : options.installed) {
    if (auto made = MakeMissingZim(root + "/library/zims/content", spec); !made) return made;
  }
  for (const ZimSpec& spec : options.mirrored) {
    if (auto made = MakeMissingZim(root + box::kMirrorDirectory + "/other", spec); !made) return made;
  }
  for (const ZimSpec& spec : options.portable) {
    if (auto made = MakePortable(root, spec); !made) return made;
  }
  return MakeMissingZim(root + box::kMirrorDirectory + "/iiab", Handbook());
}

}  // namespace

BoxOptions UsualBox(unsigned mirrored) {
  BoxOptions options;
  options.installed.push_back(Installed());
  for (unsigned number = 0; number < mirrored; ++number) options.mirrored.push_back(Usual(number));
  options.portable.push_back(Portable());
  return options;
}

BoxOptions SmallBox(std::vector<ZimSpec> mirrored) {
  BoxOptions options;
  options.installed.push_back(Installed());
  options.mirrored = std::move(mirrored);
  return options;
}

Result<void> MakeBox(const std::string& folder, const BoxOptions& options) {
  const std::string root = std::filesystem::absolute(folder);  // libkiwix writes wrong paths for a relative one
  for (const char* directory : kDirectories) {
    if (auto made = MakeDirs(root + directory); !made) return made;
  }
  return MakeZims(root, options)
      .and_then([&] { return box::WriteConfiguration(root); })
      .and_then([&] { return box::WriteHostFiles(root); })
      .and_then([&] { return box::WriteStandIns(root); })
      .and_then([&] { return box::WriteMenus(root); })
      .and_then([&] { return box::WriteLanguages(root); })
      .and_then([&] { return box::WriteCatalogs(root, options.catalog_entries); })
      .and_then([&] { return box::WriteLibrary(root); });
}

}  // namespace cmdsrv::test
