#pragma once

#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "support/zim_maker.hpp"

/// A complete small Internet-in-a-Box in one folder: configuration, catalogs, a library with one installed ZIM, a home
/// menu with definitions, stand-ins for programs that would change the machine, and an "internet" to fetch from
/// (served by BoxServer). Everything in it is of our own making.
namespace cmdsrv::test {

struct BoxOptions {
  std::vector<ZimSpec> installed;  ///< in library/zims/content, listed in library.xml
  std::vector<ZimSpec> mirrored;   ///< in internet/zim/other, offered by the catalogs
  std::vector<ZimSpec> portable;   ///< offered as zip archives, in entries as those of 2015
  unsigned catalog_entries = 120;  ///< the OPDS feed is padded to this number with ZIMs that no mirror has
};

/// One small installed ZIM and `mirrored` of the usual mirror ZIMs: 60 KB with a full text index, 2 MB, 20 MB, a newer
/// version of the installed one; more of 60 KB each. One portable ZIM beside them.
BoxOptions UsualBox(unsigned mirrored = 4);

/// The smallest box for fast tests: one small installed ZIM and the given mirror ZIMs.
BoxOptions SmallBox(std::vector<ZimSpec> mirrored = {});

/// Fills `root` (made when missing). What is there already stays as it is: only missing parts are added.
Result<void> MakeBox(const std::string& root, const BoxOptions& options);

/// Sets keys of cmdsrv.conf, the others stay.
Result<void> SetConfiguration(const std::string& root, const json::object& keys);

/// Makes configuration and catalogs of the box point to the server on `port` of 127.0.0.1.
Result<void> PointToPort(const std::string& root, unsigned port);

namespace box {  // the parts, each in a file of its own; all of them keep what exists

inline constexpr const char* kConfigFile = "/opt/admin/cmdsrv/cmdsrv.conf";
inline constexpr const char* kCatalogFile = "/etc/iiab/kiwix_catalog.json";
inline constexpr const char* kMirrorDirectory = "/internet/zim";
inline constexpr const char* kPortableDirectory = "/internet/portable";

Result<void> WriteConfiguration(const std::string& root);               // box_config.cpp
Result<void> WriteHostFiles(const std::string& root);                   // box_host_files.cpp
Result<void> WriteStandIns(const std::string& root);                    // box_stand_ins.cpp
Result<void> WriteMenus(const std::string& root);                       // box_menus.cpp
Result<void> WriteLanguages(const std::string& root);                   // box_languages.cpp
Result<void> WriteCatalogs(const std::string& root, unsigned entries);  // box_catalogs.cpp
Result<void> WriteLibrary(const std::string& root);                     // box_library.cpp

}  // namespace box
}  // namespace cmdsrv::test
