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
#include "steps/rsync.hpp"
#include "steps/step.hpp"
#include "steps/stick.hpp"

namespace cmdsrv {
namespace {

constexpr std::string_view kContentOnStick = "library/zims/content";
constexpr std::string_view kIndexOnStick = "library/zims/index";

struct Request {
  std::string from, to;  ///< "" is the box, else "/media/usb0"
  bool index = false;
  std::string name;
};

Result<Request> ReadRequest(std::span<const std::string> arguments) {
  const auto options = Options::Parse(arguments, {{"--from", true}, {"--to", true}, {"--index"}}, 1);
  if (!options) return Failure(options.error());
  auto route = ReadCopyRoute(options->Text("--from"), options->Text("--to"));
  if (!route) return Failure(route.error());
  const std::string& name = options->Operands().front();
  if (!IsPlainName(name)) return Fail(ErrorCode::Malformed, "the operand must be a plain name without \".zim\"");
  return Request{std::move(route->from), std::move(route->to), options->Has("--index"), name};
}

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
    auto copied = CopyFiles(*source, *target, *files).and_then([&] { return Compare(*source, *target, *files); });
    if (!copied) return Failure(copied.error());
    // Who sees "done" pulls the stick out.
    if (::syncfs(target->directory.Get()) != 0) return FailFromErrno(errno, "write all of it to " + target->path);
    return fmt::format("copied {} to {}", fmt::join(*files, ", "), target->path);
  }

 private:
  std::string_view OnStick() const { return request_.index ? kIndexOnStick : kContentOnStick; }

  Result<OpenPlace> OpenSource() const {
    if (request_.from.empty()) {
      const std::string path = context_.settings.zim_dir + (request_.index ? "index/" : "content/");
      UniqueFd opened(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
      if (!opened) return FailFromErrno(errno, "open " + path);
      return OpenPlace{std::move(opened), path};
    }
    const auto stick = OpenStick(context_, request_.from);
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
    const auto stick = OpenStick(context_, request_.to);
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

  Result<void> CopyFiles(const OpenPlace& source, const OpenPlace& target,
                         const std::vector<std::string>& files) const {
    RsyncJob job{.options = {}, .operands = {}, .what = "copy " + request_.name, .phase = "copy"};
    for (const std::string& file : files) {
      job.operands.push_back(source.path + file);
      job.total += BytesOf(source, file).value_or(0);
    }
    job.operands.push_back(target.path);
    if (request_.to.empty()) {
      // Everybody may read the library, whatever the stick says; sticks know no modes.
      job.options = {"--perms", "--chmod=D0755,F0644"};
      job.directory = target.path;
    }
    return RunRsync(context_, job);
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
