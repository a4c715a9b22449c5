// copy-zim: a ZIM, or its search index, between the box and a stick. What is on the stick is hostile, and the stick may
// be pulled out at any moment.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/names.hpp"
#include "base/text.hpp"
#include "content/zim_names.hpp"
#include "platform/files.hpp"
#include "platform/trees.hpp"
#include "steps/options.hpp"
#include "steps/program.hpp"
#include "steps/progress.hpp"
#include "steps/say.hpp"
#include "steps/step.hpp"

namespace cmdsrv {
namespace {

constexpr std::string_view kContentOnStick = "library/zims/content";
constexpr std::string_view kIndexOnStick = "library/zims/index";

struct Request {
  std::string from, to;  ///< "" is the box, else "/media/usb0"
  bool index = false;
  std::string name;
};

Result<std::string> ReadDevice(std::string_view text) {
  if (text == "internal") return std::string();
  std::string usb = NormaliseUsb(text);
  if (usb.empty()) return Fail(ErrorCode::Malformed, "\"{}\" is neither internal nor a USB mount point", text);
  return usb;
}

Result<Request> ReadRequest(std::span<const std::string> arguments) {
  const auto options = Options::Parse(arguments, {{"--from", true}, {"--to", true}, {"--index"}}, 1);
  if (!options) return Failure(options.error());
  auto from = ReadDevice(options->Text("--from"));
  auto to = ReadDevice(options->Text("--to"));
  if (!from || !to) return Failure(from ? to.error() : from.error());
  if (from->empty() == to->empty()) return Fail(ErrorCode::Malformed, "one of --from and --to must be internal");
  const std::string& name = options->Operands().front();
  if (!IsPlainName(name)) return Fail(ErrorCode::Malformed, "the operand must be a plain name without \".zim\"");
  return Request{*std::move(from), *std::move(to), options->Has("--index"), name};
}

/// A directory by its descriptor and by the path that rsync gets.
struct OpenPlace {
  UniqueFd directory;
  std::string path;  ///< ends in '/'
};

class Copy {
 public:
  Copy(const Context& context, Request request) : context_(context), request_(std::move(request)) {}

  StepEnd Run() {
    auto source = OpenSource();
    if (!source) return Failure(source.error());
    const auto files = request_.index ? FindIndex(*source) : FindZim(*source);
    if (!files) return Failure(files.error());
    auto target = OpenTarget();
    if (!target) return Failure(target.error());
    if (!request_.index && request_.to.empty()) {
      if (auto cleared = ClearForeign(*target, *files); !cleared) return Failure(cleared.error());
    }
    auto copied = RunRsync(*source, *target, *files).and_then([&] { return Compare(*source, *target, *files); });
    if (!copied) return Failure(copied.error());
    // Who sees "done" pulls the stick out.
    if (::syncfs(target->directory.Get()) != 0) return FailFromErrno(errno, "write all of it to " + target->path);
    return fmt::format("copied {} to {}", fmt::join(*files, ", "), target->path);
  }

 private:
  Result<UniqueFd> OpenStick(const std::string& usb) const {
    const std::string mount = context_.root.Path(usb);
    // An empty directory where the stick was: copying there would fill the disk of the box.
    if (!IsMountPoint(mount)) return Fail(ErrorCode::Unavailable, "{} is not mounted", usb);
    UniqueFd opened(::open(mount.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!opened) return FailFromErrno(errno, "open " + mount);
    return opened;
  }

  std::string_view OnStick() const { return request_.index ? kIndexOnStick : kContentOnStick; }

  Result<OpenPlace> OpenSource() const {
    if (request_.from.empty()) {
      const std::string path = context_.settings.zim_dir + (request_.index ? "index/" : "content/");
      UniqueFd opened(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
      if (!opened) return FailFromErrno(errno, "open " + path);
      return OpenPlace{std::move(opened), path};
    }
    const auto stick = OpenStick(request_.from);
    if (!stick) return Failure(stick.error());
    auto opened = OpenBeneath(stick->Get(), OnStick(), O_RDONLY | O_DIRECTORY);
    if (!opened) return Failure(opened.error());
    return OpenPlace{*std::move(opened), fmt::format("{}/{}/", context_.root.Path(request_.from), OnStick())};
  }

  Result<OpenPlace> OpenTarget() const {
    if (request_.to.empty()) {
      const std::string& working = context_.settings.zim_working_dir;
      if (auto made = MakeDirectories(working); !made) return Failure(made.error());
      const std::string below = request_.name + (request_.index ? "/data/index" : "/data/content");
      const UniqueFd base(::open(working.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
      if (!base) return FailFromErrno(errno, "open " + working);
      auto opened = MakeDirectoriesBeneath(base.Get(), below);
      if (!opened) return Failure(opened.error());
      return OpenPlace{*std::move(opened), working + below + "/"};
    }
    const auto stick = OpenStick(request_.to);
    if (!stick) return Failure(stick.error());
    auto opened = MakeDirectoriesBeneath(stick->Get(), OnStick());
    if (!opened) return Failure(opened.error());
    return OpenPlace{*std::move(opened), fmt::format("{}/{}/", context_.root.Path(request_.to), OnStick())};
  }

  static Result<std::vector<std::string>> NamesIn(const OpenPlace& place) {
    return ListDirectory(fmt::format("/proc/self/fd/{}", place.directory.Get()));
  }

  static std::optional<std::uint64_t> BytesOf(const OpenPlace& place, const std::string& file) {
    struct stat facts {};
    if (::fstatat(place.directory.Get(), file.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(facts.st_mode))
      return std::nullopt;
    return static_cast<std::uint64_t>(facts.st_size);
  }

  Result<std::vector<std::string>> FindZim(const OpenPlace& source) const {
    const auto names = NamesIn(source);
    if (!names) return Failure(names.error());
    std::vector<std::string> files;
    for (const std::string& file : *names) {
      if (WholeZimName(file) != request_.name + ".zim") continue;
      if (!BytesOf(source, file)) return Fail(ErrorCode::Corrupt, "{}{} is no regular file", source.path, file);
      files.push_back(file);
    }
    if (files.empty()) return Fail(ErrorCode::NotFound, "there is no ZIM {} in {}", request_.name, source.path);
    return files;
  }

  Result<std::vector<std::string>> FindIndex(const OpenPlace& source) const {
    std::string name = request_.name + ".zim.idx";
    const auto opened = OpenBeneath(source.directory.Get(), name, O_RDONLY | O_DIRECTORY);
    if (!opened) return Failure(opened.error());
    return std::vector<std::string>{std::move(name)};
  }

  /// What lies in the directory from another time would be installed too.
  Result<void> ClearForeign(const OpenPlace& target, const std::vector<std::string>& files) const {
    const std::string directory = context_.settings.zim_working_dir + request_.name + "/";
    for (const char* note : {".moving.json", ".unpacked-from"}) {
      if (const auto removed = RemoveFile(directory + note); !removed) return Failure(removed.error());
    }
    const auto names = NamesIn(target);
    if (!names) return Failure(names.error());
    for (const std::string& name : *names) {
      if (name.starts_with('.') || std::ranges::find(files, name) != files.end()) continue;
      if (const auto removed = RemoveTreeIn(target.directory.Get(), name, target.path + name); !removed)
        return Failure(removed.error());
    }
    return {};
  }

  /// A copy appears under its name when it is whole; one that broke off waits in a hidden directory to be gone on with.
  std::vector<std::string> Arguments(const std::string& rsync, const OpenPlace& source, const OpenPlace& target,
                                     const std::vector<std::string>& files) const {
    std::vector<std::string> argv{rsync,
                                  "-rt",
                                  "--size-only",
                                  "--partial-dir=.cmdsrv-partial",
                                  "--no-inc-recursive",
                                  "--info=progress2",
                                  "--no-human-readable",
                                  "--outbuf=L",
                                  "--"};
    for (const std::string& file : files) argv.push_back(source.path + file);
    argv.push_back(target.path);
    return argv;
  }

  Result<void> RunRsync(const OpenPlace& source, const OpenPlace& target, const std::vector<std::string>& files) {
    const auto rsync = context_.root.FindProgram("rsync");
    if (!rsync) return Failure(rsync.error());
    std::uint64_t total = 0;
    for (const std::string& file : files) total += BytesOf(source, file).value_or(0);
    Progress progress("copy", total);
    EndRequests requests;
    std::string problem;
    Watch watch;
    watch.on_line = [&](std::string_view line) {
      // A complaint can stand behind the numbers of the same line. The cause of its end is among the complaints; that
      // the other half of rsync is gone is a consequence.
      const auto complaint = line.find("rsync: ");
      const bool told = !problem.empty() && problem.find("Broken pipe") == std::string::npos;
      if (!told && complaint != std::string_view::npos) problem = Shorten(CleanOutput(line.substr(complaint + 7)), 300);
      const std::string_view text = Trim(line);
      const auto bytes = ToInteger(text.substr(0, text.find(' ')));
      if (bytes && *bytes >= 0) progress.Report(static_cast<std::uint64_t>(*bytes));
    };
    const auto end = RunWatched(context_, Arguments(*rsync, source, target, files), watch, requests);
    if (!end) return Failure(end.error());
    requests.EndIfAsked();
    if (end->exited && end->status == 0) {
      progress.Finish(total);
      return {};
    }
    return Fail(ErrorCode::Io, "cannot copy {}: {}; what was copied is gone on with the next time", request_.name,
                problem.empty() ? "rsync ended with " + Describe(*end) : problem);
  }

  Result<void> Compare(const OpenPlace& source, const OpenPlace& target, const std::vector<std::string>& files) const {
    if (request_.index) return {};
    for (const std::string& file : files) {
      const auto wanted = BytesOf(source, file);
      const auto there = BytesOf(target, file);
      if (!wanted || !there || *wanted != *there)
        return Fail(ErrorCode::Io, "{}{} is not the copy of {}{}", target.path, file, source.path, file);
    }
    return {};
  }

  const Context& context_;
  const Request request_;
};

}  // namespace

StepEnd CopyZim(const Context& context, std::span<const std::string> arguments) {
  auto request = ReadRequest(arguments);
  if (!request) return Failure(request.error());
  return Copy(context, *std::move(request)).Run();
}

}  // namespace cmdsrv
