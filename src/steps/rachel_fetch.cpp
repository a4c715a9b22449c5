// rachel-fetch and rachel-unpack: the archive of RACHEL, and the two parts of it that a box uses.
#include <algorithm>

#include "base/names.hpp"
#include "base/text.hpp"
#include "platform/files.hpp"
#include "platform/trees.hpp"
#include "steps/fetch.hpp"
#include "steps/options.hpp"
#include "steps/rachel.hpp"
#include "steps/step.hpp"
#include "steps/zip_proof.hpp"

namespace cmdsrv {
namespace {

constexpr std::size_t kMostEntries = 1'000'000;
constexpr std::uint64_t kTableLimit = 128U << 20U;  ///< of an archive of 32 GB with all its pages

}  // namespace

Result<RachelPlaces> PlacesOf(const Context& context, const std::string& version) {
  if (!IsSafeName(version) || version.size() > 200)
    return Fail(ErrorCode::Malformed, "the version of RACHEL must be a plain name");
  return RachelPlaces{.zip = fmt::format("{}{}.zip", context.settings.module_downloads_dir, version),
                      .directory = fmt::format("{}{}/", context.settings.module_working_dir, version),
                      .installed = context.settings.rachel_dir};
}

Result<const RachelRelease*> KnownRelease(const std::string& version) {
  const RachelRelease* release = FindRachelRelease(version);
  if (release != nullptr) return release;
  return Fail(ErrorCode::Refused, "this version of RACHEL cannot be installed: nobody knows the archive of {}",
              version);
}

ZipChoice RachelChoice(const RachelRelease& release) {
  const auto place_of = [tree = std::string(release.tree)](const zip_tools::ZipEntry& entry) -> Result<std::string> {
    using Kind = zip_tools::ZipEntry::Kind;
    if (entry.path.empty()) return std::string();
    const auto parts = PartsOfName(entry.path);
    if (!parts) return Failure(parts.error());
    const std::string path = fmt::format("{}", fmt::join(*parts, "/"));
    if (entry.kind == Kind::Directory || !path.starts_with(tree)) return std::string();
    const std::string place = path.substr(tree.size());
    if (!place.starts_with("bin/") && !place.starts_with("www/")) return std::string();
    if (entry.kind != Kind::File)
      return Fail(ErrorCode::Refused, "\"{}\" in the archive is a link or a device and no file",
                  Shorten(entry.path, 200));
    if (entry.doubtful || !std::ranges::all_of(*parts, IsPlainName)) return std::string();
    return place;
  };
  return {.place_of = place_of, .most_entries = kMostEntries, .table_limit = kTableLimit};
}

Result<ZipTree> PlanRachel(const std::string& zip, const RachelRelease& release) {
  auto tree = PlanTree(zip, RachelChoice(release));
  if (!tree) return tree;
  const auto www = tree->files.lower_bound("www/");
  if (www == tree->files.end() || !www->first.starts_with("www/"))
    return Fail(ErrorCode::Refused, "there is no {}www in the archive", release.tree);
  return tree;
}

StepEnd RachelFetch(const Context& context, std::span<const std::string> arguments) {
  auto request = ReadFetchRequest(arguments, Metalinks::Unknown);
  if (!request) return Failure(request.error());
  const std::string version = request->file_ref;
  const auto places = PlacesOf(context, version);
  if (!places) return Failure(places.error());
  const auto release = KnownRelease(version);
  if (!release) return Failure(release.error());
  if (Look(places->installed + "www"))
    return Fail(ErrorCode::Refused, "RACHEL is installed in {} already; remove {}www to install it again",
                places->installed, places->installed);
  const RachelRelease& known = **release;
  const auto prove = [&known](const std::string& path, const ProofDemands& demands) {
    return ProveArchive(path, demands, [&] { return PlanRachel(path, known).map([](const ZipTree&) {}); });
  };
  FetchGoal goal{.directory = context.settings.module_downloads_dir,
                 .file = version + ".zip",
                 .lock_prefix = "rachel-fetch",
                 .needless = {},
                 .prove = prove};
  return FetchFile(context, *std::move(request), std::move(goal));
}

StepEnd RachelUnpack(const Context& context, std::span<const std::string> arguments) {
  const auto options = Options::Parse(arguments, {}, 1);
  if (!options) return Failure(options.error());
  const auto places = PlacesOf(context, options->Operands().front());
  if (!places) return Failure(places.error());
  const auto release = KnownRelease(options->Operands().front());
  if (!release) return Failure(release.error());
  if (!Look(places->zip))
    return Fail(ErrorCode::NotFound, "there is no {}; install RACHEL again to download it", places->zip);
  const auto tree = PlanRachel(places->zip, **release);
  auto done = tree ? UnpackTree(places->zip, places->directory, *tree, RachelChoice(**release))
                   : Result<void>(Failure(tree.error()));
  if (done)
    return fmt::format("unpacked {}: {} files, {}", places->zip, tree->files.size(),
                       HumanSize(static_cast<double>(tree->bytes)));
  if (done.error().code != ErrorCode::Corrupt && done.error().code != ErrorCode::Refused) return Failure(done.error());
  // Kept, it would be taken for a finished download the next time.
  const auto removed = RemoveFile(places->zip);
  (void)RemoveTree(places->directory);  // of no use without its archive
  return Fail(done.error().code, "cannot unpack {}: {}{}", places->zip, done.error().message,
              removed ? "; the archive is removed, installing RACHEL again downloads it again" : "");
}

}  // namespace cmdsrv
