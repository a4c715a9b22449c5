#include "steps/zip_plan.hpp"

#include <algorithm>

#include "base/names.hpp"
#include "base/text.hpp"
#include "content/zim_names.hpp"
#include "steps/fetch_source.hpp"

namespace cmdsrv {
namespace {

using zip_tools::ZipEntry;

/// data/content/x.zim, or data/index/x.zim.idx/ and what is in it.
bool IsWanted(const std::vector<std::string_view>& parts) {
  if (parts.size() < 3) return false;
  if (parts[1] == "content") return parts.size() == 3 && !WholeZimName(parts[2]).empty();
  return parts[1] == "index" && parts.size() > 3 && parts[2].ends_with(".idx");
}

}  // namespace

Result<std::string> PlaceOf(const ZipEntry& entry) {
  const auto parts = PartsOfName(entry.path);
  if (!parts) return Failure(parts.error());
  if (parts->empty() || parts->front() != "data") return std::string();
  if (entry.kind == ZipEntry::Kind::Directory) return std::string();  // made when something is put into it
  if (entry.kind != ZipEntry::Kind::File)
    return Fail(ErrorCode::Refused, "\"{}\" in the archive is a link or a device and no file",
                Shorten(entry.path, 200));
  if (!IsWanted(*parts)) return std::string();
  if (!std::ranges::all_of(*parts, IsSafeName))
    return Fail(ErrorCode::Refused, "the name \"{}\" in the archive cannot be used for a file",
                Shorten(entry.path, 200));
  if (entry.doubtful)
    return Fail(ErrorCode::Refused, "the archive contradicts itself about \"{}\"", Shorten(entry.path, 200));
  return fmt::format("{}", fmt::join(*parts, "/"));
}

const ZipChoice& PortableZim() {
  static const ZipChoice kChoice{.place_of = PlaceOf};
  return kChoice;
}

Result<ZipPlan> PlanZip(const std::string& path) {
  auto tree = PlanTree(path, PortableZim());
  if (!tree) return Failure(tree.error());
  ZipPlan plan{*std::move(tree)};
  for (const auto& [file, bytes] : plan.files) {
    if (file.starts_with("data/content/")) plan.zim_bytes += bytes;
  }
  if (plan.zim_bytes == 0) return Fail(ErrorCode::Refused, "there is no ZIM in the archive (data/content/*.zim)");
  return plan;
}

Result<void> CheckCatalogSize(const ZipPlan& plan, std::uint64_t zip_bytes, std::uint64_t size_k) {
  if (SizeFits(plan.zim_bytes, size_k) || SizeFits(zip_bytes, size_k)) return {};
  return Fail(ErrorCode::Refused,
              "the ZIM in the archive has {} bytes, but the catalog says {} K; refresh the catalog and try again",
              plan.zim_bytes, size_k);
}

Result<std::string> ZipName(const std::string& prefix, const std::string& file_ref) {
  std::string name = prefix + file_ref + ".zip";
  if (!IsSafeName(file_ref) || file_ref.size() > 200 || !IsSafeName(name))
    return Fail(ErrorCode::Malformed,
                "\"{}\" is no plain file name; zim_download_prefix of cmdsrv.conf comes before it", name);
  return name;
}

}  // namespace cmdsrv
