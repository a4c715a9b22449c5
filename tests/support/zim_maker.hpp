#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace cmdsrv::test {

/// What goes into a ZIM. Everything but `file_ref` may stay as it is.
struct ZimSpec {
  std::string file_ref = "demo_en_all_maxi_2026-01";  ///< file name without ".zim"
  std::string uuid = {};                              ///< empty: derived from file_ref and seed, so always the same
  std::string title = "Demo";
  std::string description = "A \"demo\" of a few pages";
  std::string language = "eng";
  std::string creator = "The box";
  std::string publisher = "iiab-box";
  std::string flavour = "maxi";
  std::string tags = "_category:other;_ftindex:yes;_pictures:yes;_videos:no;_details:yes";
  std::string date = "2026-01-15";
  unsigned articles = 4;
  std::uint64_t payload_bytes = 0;  ///< pictures of bytes that do not compress, so that the file has about this size
  bool full_text_index = false;
  std::uint64_t seed = 1;  ///< other seed, other payload and other UUID
};

/// 8-4-4-4-12 digits made from `text`: the same text gives the same id.
std::string UuidFor(std::string_view text);

/// Writes `<directory>/<file_ref>.zim`; appears under that name only when complete. Replaces an old one.
/// Returns the path.
Result<std::string> MakeZim(const std::string& directory, const ZimSpec& spec);

/// What a catalog says about a ZIM file, read from the file itself.
struct ZimFacts {
  std::string path, file_ref, uuid, title, description, language, creator, publisher, name, flavour, tags, date;
  std::uint64_t bytes = 0;
  unsigned articles = 0;
  unsigned media = 0;
};

/// Corrupt when libzim cannot open the file.
Result<ZimFacts> ReadZimFacts(const std::string& path);

/// True when libzim can open the file and its checksum is right.
bool IsSoundZim(const std::string& path);

}  // namespace cmdsrv::test
