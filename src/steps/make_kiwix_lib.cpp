// make-kiwix-lib: library.xml lists what is in the content directory, no more and no less.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "base/names.hpp"
#include "platform/files.hpp"
#include "platform/process.hpp"
#include "steps/install.hpp"
#include "steps/kiwix_library.hpp"
#include "steps/kiwix_lock.hpp"
#include "steps/options.hpp"
#include "steps/program.hpp"
#include "steps/say.hpp"
#include "steps/step.hpp"
#include "steps/zim.hpp"

namespace cmdsrv {
namespace {

constexpr std::chrono::seconds kLockWait{300};
constexpr std::chrono::seconds kStickLockWait{20};  // a handler waits for it
constexpr const char* kHostProgram = "/usr/bin/iiab-make-kiwix-lib";

bool IsSameFile(const std::string& one, const char* other) {
  struct stat first {};
  struct stat second {};
  return ::stat(one.c_str(), &first) == 0 && ::stat(other, &second) == 0 && first.st_dev == second.st_dev &&
         first.st_ino == second.st_ino;
}

/// The host project's own program, and never our own link of that name.
std::optional<std::string> FindHostProgram(const Context& context) {
  auto found = context.root.FindActingProgram(kHostProgram);
  if (!found || IsSameFile(*found, "/proc/self/exe")) return std::nullopt;
  return *std::move(found);
}

/// It may fail, and it reports success when it fails: what it left undone is done by us afterwards.
void RunHostProgram(const Context& context, const std::string& program, bool force) {
  Say("running {}", program);
  EndRequests requests;
  Watch watch;
  watch.on_line = [](std::string_view line) { SayLine(line); };
  std::vector<std::string> argv{program};
  if (force) argv.emplace_back("-f");
  const auto end = RunWatched(context, argv, watch, requests);
  requests.EndIfAsked();
  if (!end) {
    Say("warning: {}", end.error().message);
  } else if (!end->exited || end->status != 0) {
    Say("warning: {} ended with {}", program, Describe(*end));
  }
}

bool Exists(const std::string& path) { return Look(path).has_value(); }

struct Change {
  bool written = false;
  std::vector<std::string> left_out;
};

class LibraryWriter {
 public:
  explicit LibraryWriter(const Settings& settings)
      : zim_dir_(settings.zim_dir), path_(zim_dir_ + "library.xml"), draft_(zim_dir_ + ".library.xml.new") {}

  Result<Change> BringUpToDate(bool force) {
    if (auto made = MakeDirectories(zim_dir_ + "content"); !made) return Failure(made.error());
    if (const auto removed = RemoveFile(draft_); !removed) return Failure(removed.error());  // of a run that was killed
    const auto content = ListContent(zim_dir_);
    if (!content) return Failure(content.error());
    auto books = ReadLibraryFile(zim_dir_);
    const bool broken = !books.has_value();
    if (broken && books.error().code != ErrorCode::Corrupt) return Failure(books.error());
    if (broken) Say("{}: writing a new one", books.error().message);
    const bool from_nothing = broken || force || !Exists(path_);
    const LibraryPlan plan =
        PlanLibrary(from_nothing ? std::vector<LibraryBook>{} : *books, content->zims, Exists, zim_dir_);
    Change change{.written = false, .left_out = content->unusable};
    if (plan.IsEmpty() && !from_nothing) return change;
    if (auto written = Write(plan, from_nothing, broken, change.left_out); !written) return Failure(written.error());
    change.written = true;
    return change;
  }

 private:
  Result<void> Write(const LibraryPlan& plan, bool from_nothing, bool broken, std::vector<std::string>& left_out) {
    zim_tools::LibraryChange change{from_nothing ? std::string() : path_, draft_, plan.removed_ids, {}};
    for (const ContentZim& zim : plan.added) change.added_paths.push_back(zim_dir_ + "content/" + zim.file);
    const auto refused = zim_tools::WriteLibrary(change);
    if (!refused) return Failure(refused.error());
    left_out.insert(left_out.end(), refused->begin(), refused->end());
    const auto text = ReadFile(draft_);
    if (!text) return Failure(text.error());
    const auto books = ParseLibrary(*text);
    if (!books) return Fail(ErrorCode::Io, "the new library cannot be read back: {}", books.error().message);
    Say("library: {} added, {} removed, {} in all", plan.added.size() - refused->size(), plan.removed_ids.size(),
        books->size());
    const auto before = Look(path_);
    return WriteFileAtomically(path_, *text, {.backup = path_ + (broken ? ".broken" : ".bak")}).and_then([&]() {
      if (before) MakeTimeLater(*before);
      return RemoveFile(draft_).map([](bool) {});
    });
  }

  /// kiwix-serve --monitorLibrary compares whole seconds: of two libraries of one second it would serve the first for
  /// ever. Failing to set the time takes nothing from the library itself.
  void MakeTimeLater(const FileFacts& before) const {
    constexpr std::int64_t kSecond = 1'000'000'000;
    const auto now = Look(path_);
    if (!now || now->mtime_ns / kSecond > before.mtime_ns / kSecond) return;
    const timespec times[] = {{0, UTIME_OMIT}, {before.mtime_ns / kSecond + 1, 0}};
    if (::utimensat(AT_FDCWD, path_.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0) {
      Say("warning: {} has the time of the library before it, so a running kiwix-serve may not notice it", path_);
    }
  }

  const std::string zim_dir_;
  const std::string path_;
  const std::string draft_;
};

/// The purpose: every ZIM that can be opened is listed, and nothing that is not there.
Result<void> CheckPurpose(const Settings& settings, const std::vector<std::string>& left_out) {
  const auto content = ListContent(settings.zim_dir);
  const auto books = ReadLibraryFile(settings.zim_dir);
  if (!content) return Failure(content.error());
  if (!books) return Failure(books.error());
  const LibraryPlan rest = PlanLibrary(*books, content->zims, Exists, settings.zim_dir);
  for (const ContentZim& zim : rest.added) {
    const auto says_it = [&](const std::string& one) { return one.find(zim.file) != std::string::npos; };
    if (std::ranges::none_of(left_out, says_it)) return Fail(ErrorCode::Io, "library.xml does not list {}", zim.file);
  }
  if (!rest.removed_ids.empty()) return Fail(ErrorCode::Io, "library.xml still lists {}", rest.removed_ids.front());
  return {};
}

/// kiwix-serve --monitorLibrary sees the new file itself; an older service is started again, if it runs at all.
void TellKiwixServe(const Context& context) {
  const auto systemctl = context.root.FindActingProgram("systemctl");
  if (!systemctl) return;
  const RunOptions options{.deadline = std::chrono::seconds(60), .environment = context.environment};
  const auto active = RunProgram({*systemctl, "is-active", "--quiet", "kiwix-serve.service"}, options);
  if (!active || !active->exited || active->status != 0) return;
  const auto unit = RunProgram({*systemctl, "show", "--property=ExecStart", "kiwix-serve.service"}, options);
  if (unit && unit->output.find("--monitorLibrary") != std::string::npos) return;
  const auto restarted = RunProgram({*systemctl, "restart", "kiwix-serve.service"}, options);
  if (!restarted) {
    Say("warning: {}", restarted.error().message);
  } else if (!restarted->exited || restarted->status != 0) {
    Say("warning: cannot restart kiwix-serve: {}", Describe(*restarted));
  }
}

/// The library of a stick, always by ourselves: what lies there is hostile, and the host's program follows its links.
StepEnd IndexStick(const Context& context, std::string_view device, bool force) {
  const std::string usb = NormaliseUsb(device);
  if (usb.empty()) return Fail(ErrorCode::Malformed, "\"{}\" is no USB mount point", device);
  const std::string point = context.root.Path(usb);
  if (!IsMountPoint(point)) return Fail(ErrorCode::NotFound, "{} is not mounted", usb);
  const UniqueFd mount(::open(point.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!mount) return FailFromErrno(errno, "open " + point);
  const auto zims = OpenBeneath(mount.Get(), "library/zims", O_RDONLY | O_DIRECTORY);
  const auto content = OpenBeneath(mount.Get(), "library/zims/content", O_RDONLY | O_DIRECTORY);
  if (!zims || !content) return Failure(zims ? content.error() : zims.error());
  Settings on_stick = context.settings;
  on_stick.zim_dir = fmt::format("/proc/self/fd/{}/", zims->Get());  // wherever links on the stick lead by now
  const auto lock =
      KiwixLibraryLock::Take(context.settings.run_lock_dir + "kiwix-" + usb.substr(7) + "/", kStickLockWait);
  if (!lock) return Failure(lock.error());
  const auto change = LibraryWriter(on_stick).BringUpToDate(force);
  if (!change) return Failure(change.error());
  for (const std::string& one : change->left_out) Say("left out: {}", one);
  if (auto achieved = CheckPurpose(on_stick, change->left_out); !achieved) return Failure(achieved.error());
  return fmt::format("the library of {} is up to date", usb);
}

}  // namespace

Result<std::size_t> IndexLibrary(const Context& context, bool from_nothing,
                                 const std::function<Result<void>()>& when_listed) {
  const auto lock = KiwixLibraryLock::Take(context.settings.run_lock_dir + "kiwix/", kLockWait);
  if (!lock) return Failure(lock.error());
  LibraryWriter writer(context.settings);
  auto change = writer.BringUpToDate(from_nothing);
  if (change && when_listed) {
    if (auto done = when_listed(); !done) return Failure(done.error());
    change = writer.BringUpToDate(false);
  }
  if (!change) return Failure(change.error());
  for (const std::string& one : change->left_out) Say("left out: {}", one);
  const auto index = WriteVersionIndex(context.settings);
  if (!index) return Failure(index.error());
  if (auto achieved = CheckPurpose(context.settings, change->left_out); !achieved) return Failure(achieved.error());
  if (change->written) TellKiwixServe(context);
  return change->left_out.size();
}

StepEnd MakeKiwixLib(const Context& context, std::span<const std::string> arguments) {
  const auto options =
      Options::Parse(arguments, {{"-f", false}, {"--force", false}, {"-v", false}, {"--device", true}}, 0);
  if (!options) return Failure(options.error());
  const bool force = options->Has("-f") || options->Has("--force");
  if (options->Has("--device")) return IndexStick(context, options->Text("--device"), force);
  const auto host = FindHostProgram(context);
  if (host) RunHostProgram(context, *host, force);
  const auto left_out = IndexLibrary(context, force && !host);
  if (!left_out) return Failure(left_out.error());
  const std::string not_usable = *left_out == 0 ? "" : fmt::format("; {} files are no usable ZIMs", *left_out);
  return fmt::format("the library is up to date{}", not_usable);
}

}  // namespace cmdsrv
