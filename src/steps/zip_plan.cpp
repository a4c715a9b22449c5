#include "steps/zip_plan.hpp"

#include <algorithm>

#include "base/names.hpp"
#include "base/text.hpp"
#include "content/zim_names.hpp"
#include "steps/fetch_source.hpp"

namespace cmdsrv {
namespace {

using zip_tools::ZipEntry;

constexpr std::size_t kMostEntries = 100'000;
constexpr std::size_t kMostBytesOfName = 1024;
constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 56U;  ///< sums of sizes must not run over

/// The parts of a name; Refused when it could lead anywhere else.
Result<std::vector<std::string_view>> PartsOf(const std::string& path) {
  if (path.empty() || path.size() > kMostBytesOfName)
    return Fail(ErrorCode::Refused, "the archive has an entry whose name cannot be used");
  if (path.front() == '/')
    return Fail(ErrorCode::Refused, "the archive wants to write to the absolute path \"{}\"", Shorten(path, 200));
  std::vector<std::string_view> parts;
  for (const std::string_view part : Split(path, '/')) {
    if (part == "..")
      return Fail(ErrorCode::Refused, "the archive wants to write outside of its directory: \"{}\"",
                  Shorten(path, 200));
    if (!part.empty() && part != ".") parts.push_back(part);
  }
  return parts;
}

/// data/content/x.zim, or data/index/x.zim.idx/ and what is in it.
bool IsWanted(const std::vector<std::string_view>& parts) {
  if (parts.size() < 3) return false;
  if (parts[1] == "content") return parts.size() == 3 && !WholeZimName(parts[2]).empty();
  return parts[1] == "index" && parts.size() > 3 && parts[2].ends_with(".idx");
}

}  // namespace

Result<std::string> PlaceOf(const ZipEntry& entry) {
  const auto parts = PartsOf(entry.path);
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

Result<ZipPlan> PlanZip(const std::string& path) {
  ZipPlan plan;
  std::size_t entries = 0;
  const auto look = [&](const ZipEntry& entry) -> Result<zip_tools::Take> {
    if (++entries > kMostEntries) return Fail(ErrorCode::Refused, "the archive has more than {} entries", kMostEntries);
    const auto place = PlaceOf(entry);
    if (!place) return Failure(place.error());
    if (place->empty()) return zip_tools::Take::Skip;
    if (!plan.files.emplace(*place, entry.bytes).second)
      return Fail(ErrorCode::Refused, "the archive has two files of the name \"{}\"", *place);
    if (entry.bytes > kMostBytes || plan.bytes + entry.bytes > kMostBytes)
      return Fail(ErrorCode::Refused, "\"{}\" in the archive is larger than any disk", *place);
    plan.bytes += entry.bytes;
    if (place->starts_with("data/content/")) plan.zim_bytes += entry.bytes;
    return zip_tools::Take::Skip;
  };
  if (auto read = zip_tools::ReadZip(path, {.entry = look, .data = {}}); !read) return Failure(read.error());
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
