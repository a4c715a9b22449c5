// upgrade-zims: newer versions of installed ZIMs. The old file goes only when the new one is proven, in its place and
// listed; readers have one of the two at every moment.
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <map>
#include <optional>
#include <set>

#include "base/text.hpp"
#include "content/zim_names.hpp"
#include "content/zim_upgrades.hpp"
#include "platform/files.hpp"
#include "steps/install.hpp"
#include "steps/options.hpp"
#include "steps/say.hpp"
#include "steps/step.hpp"

namespace cmdsrv {
namespace {

constexpr const char* kHelp =
    "upgrade-zims -l          lists the installed ZIMs that the catalog has newer\n"
    "upgrade-zims -j          the same as JSON\n"
    "upgrade-zims -a [-t N]   upgrades all of them, N (1 to 4) at a time\n"
    "upgrade-zims -z NAME...  upgrades these, one after the other\n"
    "  -d  removes the old file before the download      -k  keeps the old file      -q  says less\n"
    "The library is indexed after each of them.";

enum class OldFile { RemoveAfter, RemoveBefore, Keep };

struct Request {
  bool list = false, json = false, all = false, quiet = false;
  bool partly_is_success = false;  ///< for the job: its next step must run when anything has changed
  OldFile old_file = OldFile::RemoveAfter;
  int at_once = 4;
  std::vector<std::string> names = {};  ///< perma_refs
};

Result<Request> ReadRequest(std::span<const std::string> arguments) {
  const auto options = Options::Parse(
      arguments,
      {{"-l"}, {"-j"}, {"-jq"}, {"-a"}, {"-z"}, {"-d"}, {"-k"}, {"-q"}, {"-t", true}, {"--partly-is-success"}}, 0,
      1000);
  if (!options) return Failure(options.error());
  Request request{.list = options->Has("-l"),
                  .json = options->Has("-j") || options->Has("-jq"),
                  .all = options->Has("-a"),
                  .quiet = options->Has("-q") || options->Has("-jq"),
                  .partly_is_success = options->Has("--partly-is-success")};
  const bool named = options->Has("-z");
  if (request.list + request.json + request.all + named > 1)
    return Fail(ErrorCode::Malformed, "only one of -l, -j, -a and -z can be given");
  if (options->Has("-d") && options->Has("-k")) return Fail(ErrorCode::Malformed, "-d and -k contradict each other");
  if (options->Has("-d")) request.old_file = OldFile::RemoveBefore;
  if (options->Has("-k")) request.old_file = OldFile::Keep;
  const auto at_once = options->Number("-t", 4, 1);
  if (!at_once || *at_once > 4) return Fail(ErrorCode::Malformed, "-t must be a number from 1 to 4");
  request.at_once = static_cast<int>(*at_once);
  if (!named && !options->Operands().empty()) return Fail(ErrorCode::Malformed, "names can only be given behind -z");
  for (const std::string& name : options->Operands()) {
    if (name.empty()) return Fail(ErrorCode::Malformed, "an empty name was given");
    std::string perma_ref = PermaRef(name);
    if (std::ranges::find(request.names, perma_ref) == request.names.end())
      request.names.push_back(std::move(perma_ref));
  }
  if (named && request.names.empty()) return Fail(ErrorCode::Malformed, "-z needs the names of ZIMs");
  return request;
}

Result<std::vector<ZimUpgrade>> FindThem(const Settings& settings) {
  const auto text = ReadFile(settings.kiwix_catalog_file);
  if (!text) return Failure(text.error());
  const auto catalog = KiwixCatalog::Parse(*text);
  if (!catalog) return Fail(ErrorCode::Corrupt, "{}: {}", settings.kiwix_catalog_file, catalog.error().message);
  return ReadUpgrades(settings, *catalog);
}

std::string Table(const std::vector<ZimUpgrade>& upgrades) {
  std::string text;
  for (const ZimUpgrade& upgrade : upgrades)
    text += fmt::format("{}: {} -> {}, {} ({})\n", upgrade.perma_ref, upgrade.old_version, upgrade.new_version,
                        HumanSize(static_cast<double>(upgrade.zim.size_k) * 1024.0), SizeChange(upgrade));
  return text;
}

class Upgrading {
 public:
  Upgrading(const Context& context, const ZimUpgrade& upgrade, OldFile old_file)
      : context_(context),
        upgrade_(upgrade),
        old_file_(old_file),
        content_(context.settings.zim_dir + "content/"),
        new_file_(upgrade.zim.file_ref + ".zim") {}

  Result<void> Run() {
    if (old_file_ == OldFile::RemoveBefore) {
      if (auto removed = MakeRoom(); !removed) return removed;
    }
    if (auto fetched = Fetch(); !fetched) return fetched;
    // A library that lists one of many old ones would be wrong until the last of them is upgraded.
    return IndexLibrary(context_, false, [&] { return ChangeOver(); }).map([](std::size_t) {});
  }

 private:
  Result<void> Fetch() {
    const CatalogZim& zim = upgrade_.zim;
    const std::string size_k = fmt::format("{}", zim.size_k);
    if (zim.source == ZimSource::Portable) {
      return Step(ZipFetch, {"--file-ref", zim.file_ref, "--size-k", size_k, "--url", zim.DownloadUrl()})
          .and_then([&] {
            return Step(ZipUnpack, {"--size-k", size_k, zim.file_ref});
          })
          .and_then([&] { return Step(ZipInstall, {zim.file_ref}); });
    }
    std::vector<std::string> arguments{"--file-ref", zim.file_ref, "--size-k", size_k, "--url", zim.DownloadUrl()};
    if (zim.HasMetalink()) arguments.insert(arguments.end(), {"--metalink", zim.url});
    return Step(ZimFetch, arguments).and_then([&] { return MoveIntoLibrary(context_, new_file_); });
  }

  /// The library lists the old one and the new one: whoever looks at it finds first the old one, then both, then the
  /// new one. A run that was interrupted begins here again, because zim_version_idx.json still names the old one.
  Result<void> ChangeOver() const {
    if (auto listed = CheckListed(context_.settings, new_file_); !listed) return listed;
    return old_file_ == OldFile::Keep ? Result<void>{} : RemoveOld();
  }

  template <class Function>
  Result<void> Step(Function step, const std::vector<std::string>& arguments) {
    const StepEnd end = step(context_, arguments);
    if (!end) return Failure(end.error());
    SayLine(*end);
    return {};
  }

  /// The files of the old version, unless they are the new one's too.
  std::vector<std::string> OldFiles() const {
    std::vector<std::string> old;
    const std::string whole = upgrade_.old_stem + ".zim";
    const auto files = ListDirectory(content_);
    if (!files || whole == new_file_) return old;
    std::ranges::copy_if(*files, std::back_inserter(old),
                         [&](const auto& file) { return WholeZimName(file) == whole; });
    return old;
  }

  Result<void> RemoveOld() const {
    for (const std::string& file : OldFiles()) {
      if (const auto removed = RemoveFile(content_ + file); !removed) return Failure(removed.error());
    }
    return SyncDirectory(content_);
  }

  /// Only when the new one fits into the room that this makes: otherwise there would be neither.
  Result<void> MakeRoom() const {
    std::uint64_t gained = 0;
    for (const std::string& file : OldFiles()) {
      const auto facts = Look(content_ + file);
      gained += facts ? facts->bytes : 0;
    }
    if (auto made = MakeDirectories(context_.settings.zim_working_dir); !made) return made;
    const auto working = SpaceAt(context_.settings.zim_working_dir);
    const auto library = SpaceAt(content_);
    if (!working || !library) return Failure(working ? library.error() : working.error());
    const std::uint64_t wanted = upgrade_.zim.size_k * 1024 + upgrade_.zim.size_k * 1024 / 20;
    const bool same = working->device == library->device;
    if (wanted > working->available_bytes + (same ? gained : 0))
      return Fail(ErrorCode::NoSpace, "there is not enough space in {} even without the old file: {} are needed",
                  context_.settings.zim_working_dir, HumanSize(static_cast<double>(wanted)));
    return RemoveOld();
  }

  const Context& context_;
  const ZimUpgrade& upgrade_;
  const OldFile old_file_;
  const std::string content_;
  const std::string new_file_;
};

struct Tally {
  std::vector<std::string> done;
  std::vector<std::string> failed;  ///< sentences
  /// Of the failures the one that is worth another try soonest; Stated: none is.
  ErrorCode code = ErrorCode::Stated;

  void Failed(std::string sentence, ErrorCode why) {
    failed.push_back(std::move(sentence));
    if (why == ErrorCode::NoNetwork || (why == ErrorCode::TryLater && code == ErrorCode::Stated)) code = why;
  }
};

void UpgradeOne(const Context& context, const ZimUpgrade& upgrade, OldFile old_file, Tally& tally) {
  Say("upgrading {} from {} to {}", upgrade.perma_ref, upgrade.old_version, upgrade.new_version);
  const auto done = Upgrading(context, upgrade, old_file).Run();
  if (!done) {
    Say("{} is not upgraded: {}", upgrade.perma_ref, done.error().message);
    tally.Failed(fmt::format("{}: {}", upgrade.perma_ref, done.error().message), done.error().code);
    return;
  }
  Say("{} is upgraded to {}", upgrade.perma_ref, upgrade.new_version);
  tally.done.push_back(upgrade.perma_ref);
}

/// Several at a time, each in a child of this process that ends with it. Two that become the same ZIM share one.
class Crowd {
 public:
  Crowd(const Context& context, const Request& request) : context_(context), request_(request) {}

  Tally Run(const std::vector<ZimUpgrade>& upgrades) {
    std::map<std::string, std::vector<const ZimUpgrade*>> groups;
    for (const ZimUpgrade& upgrade : upgrades) groups[upgrade.zim.id].push_back(&upgrade);
    for (const auto& [id, group] : groups) {
      while (running_.size() >= static_cast<std::size_t>(request_.at_once)) Reap();
      Start(group);
    }
    while (!running_.empty()) Reap();
    return std::move(tally_);
  }

 private:
  using Group = std::vector<const ZimUpgrade*>;

  void Start(const Group& group) {
    (void)std::fflush(nullptr);
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGTERM);
      if (::getppid() != parent) ::_exit(1);
      Tally own;
      for (const ZimUpgrade* upgrade : group) UpgradeOne(context_, *upgrade, request_.old_file, own);
      (void)std::fflush(nullptr);
      ::_exit(own.failed.empty() ? 0 : 1);
    }
    if (pid > 0) {
      running_[pid] = group;
      return;
    }
    for (const ZimUpgrade* upgrade : group)
      tally_.failed.push_back(fmt::format("{}: cannot start another process: {}", upgrade->perma_ref, Reason(errno)));
  }

  void Reap() {
    int status = 0;
    const pid_t pid = ::waitpid(-1, &status, 0);
    if (pid < 0 && errno == EINTR) return;
    const auto found = pid > 0 ? running_.find(pid) : running_.begin();
    if (found == running_.end()) return;
    const bool good = pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    for (const ZimUpgrade* upgrade : found->second) {
      if (good) {
        tally_.done.push_back(upgrade->perma_ref);
      } else {
        tally_.failed.push_back(upgrade->perma_ref + ": see above");
      }
    }
    running_.erase(found);
  }

  const Context& context_;
  const Request& request_;
  std::map<pid_t, Group> running_;
  Tally tally_;
};

/// Those that are new already: also of a run that was killed before it had written the index.
Result<void> IndexAgain(const Context& context) {
  return IndexLibrary(context).map([](std::size_t) {});
}

Tally UpgradeNamed(const Context& context, const Request& request, const std::vector<ZimUpgrade>& upgrades) {
  Tally tally;
  const auto index = ReadFile(context.settings.assets_dir + "zim_version_idx.json");
  const auto installed = index ? ParseJson(*index) : Result<json::value>(json::value());
  std::optional<Result<void>> indexed;
  for (const std::string& name : request.names) {
    const auto found = std::ranges::find(upgrades, name, &ZimUpgrade::perma_ref);
    if (found != upgrades.end()) {
      UpgradeOne(context, *found, request.old_file, tally);
      continue;
    }
    if (!installed || !installed->is_object() || !installed->get_object().contains(name)) {
      Say("{} is not installed", name);
      tally.failed.push_back(name + ": it is not installed");
      continue;
    }
    if (!indexed) indexed = IndexAgain(context);
    if (!*indexed) {
      tally.Failed(fmt::format("{}: {}", name, indexed->error().message), indexed->error().code);
      continue;
    }
    Say("{} is as new as the catalog has it", name);  // also when this step is run again
    tally.done.push_back(name);
  }
  return tally;
}

StepEnd ToEnd(const Tally& tally, bool partly_is_success) {
  if (tally.failed.empty()) return fmt::format("{} ZIMs are up to date now", tally.done.size());
  const std::string what = fmt::format("{} of {} ZIMs could not be upgraded: {}", tally.failed.size(),
                                       tally.failed.size() + tally.done.size(), fmt::join(tally.failed, "; "));
  // In a job the Minder may try all of them again.
  if (tally.done.empty()) return Fail(partly_is_success ? tally.code : ErrorCode::Stated, "{}", what);
  return partly_is_success ? StepEnd(what) : Fail(ErrorCode::Unavailable, "{}", what);
}

}  // namespace

StepEnd UpgradeZims(const Context& context, std::span<const std::string> arguments) {
  const auto request = ReadRequest(arguments);
  if (!request) return Failure(request.error());
  if (!request->list && !request->json && !request->all && request->names.empty()) {
    for (const std::string_view line : Split(kHelp, '\n')) SayLine(line);
    return std::string();
  }
  const auto upgrades = FindThem(context.settings);
  if (!upgrades && request->json && upgrades.error().code == ErrorCode::NotFound) return std::string("{}");
  if (!upgrades) return Failure(upgrades.error());
  if (request->json) return PrintJson(DescribeUpgrades(*upgrades));
  if (request->list) {
    const std::string table = Table(*upgrades);
    for (const std::string_view line : Split(table, '\n')) {
      if (!line.empty()) SayLine(line);
    }
    return request->quiet ? std::string() : fmt::format("{} ZIMs can be upgraded", upgrades->size());
  }
  const Tally tally =
      request->all ? Crowd(context, *request).Run(*upgrades) : UpgradeNamed(context, *request, *upgrades);
  return ToEnd(tally, request->partly_is_success);
}

}  // namespace cmdsrv
