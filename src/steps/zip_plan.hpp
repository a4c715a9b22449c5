#pragma once

#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "steps/zip_tree.hpp"

namespace cmdsrv {

/// What a zip archive of a portable ZIM gives to a library: data/content/*.zim* and data/index/*.idx. The programs for
/// other systems that came along with the ZIM are not unpacked.
struct ZipPlan : ZipTree {
  std::uint64_t zim_bytes = 0;  ///< of the ZIMs alone
};

/// Where an entry goes, below the directory that is unpacked into; empty when it is not wanted. Refused when its
/// archive must not be unpacked at all: names that lead out of the directory, links and devices among the content,
/// names that no file may have. Pure.
Result<std::string> PlaceOf(const zip_tools::ZipEntry& entry);

/// These places.
const ZipChoice& PortableZim();

/// As PlanTree; Refused, beside its reasons, when there is no ZIM in it.
Result<ZipPlan> PlanZip(const std::string& path);

/// The catalog's size is that of the ZIM, in some catalogs that of the archive; Refused when it is neither.
Result<void> CheckCatalogSize(const ZipPlan& plan, std::uint64_t zip_bytes, std::uint64_t size_k);

/// The archive of a portable ZIM, "kiwix-0.9+x.zip". Malformed when prefix and name make no plain file name.
Result<std::string> ZipName(const std::string& prefix, const std::string& file_ref);

}  // namespace cmdsrv
