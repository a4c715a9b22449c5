// copy-module: a module between the box and a stick. What is on the stick is hostile, and the stick may be pulled out
// at any moment.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/names.hpp"
#include "platform/files.hpp"
#include "platform/trees.hpp"
#include "steps/module_tree.hpp"
#include "steps/options.hpp"
#include "steps/rsync.hpp"
#include "steps/step.hpp"
#include "steps/stick.hpp"

namespace cmdsrv {
namespace {

constexpr std::string_view kModulesOnStick = "library/www/html/modules";

struct Request {
  CopyRoute route;
  std::string name;
};

Result<Request> ReadRequest(std::span<const std::string> arguments) {
  const auto options = Options::Parse(arguments, {{"--from", true}, {"--to", true}}, 1);
  if (!options) return Failure(options.error());
  auto route = ReadCopyRoute(options->Text("--from"), options->Text("--to"));
  if (!route) return Failure(route.error());
  const auto name = options->PlainName();
  if (!name) return Failure(name.error());
  return Request{*std::move(route), *name};
}

/// A directory of the box, made when missing if it is a target.
Result<OpenPlace> OpenInBox(const std::string& directory, const std::string& name, bool make) {
  if (make) {
    if (auto made = MakeDirectories(directory); !made) return Failure(made.error());
  }
  const UniqueFd base(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!base) return FailFromErrno(errno, "open " + directory);
  auto opened = make ? MakeDirectoriesBeneath(base.Get(), name) : OpenBeneath(base.Get(), name, O_RDONLY | O_DIRECTORY);
  if (!opened) return Failure(opened.error());
  return OpenPlace{*std::move(opened), directory + name + "/"};
}

Result<OpenPlace> OpenOnStick(const Context& context, const std::string& usb, const std::string& name, bool make) {
  const auto stick = OpenStick(context, usb);
  if (!stick) return Failure(stick.error());
  const std::string below = fmt::format("{}/{}", kModulesOnStick, name);
  auto opened =
      make ? MakeDirectoriesBeneath(stick->Get(), below) : OpenBeneath(stick->Get(), below, O_RDONLY | O_DIRECTORY);
  if (!opened) return Failure(opened.error());
  return OpenPlace{*std::move(opened), fmt::format("{}/{}/", context.root.Path(usb), below)};
}

StepEnd Copy(const Context& context, const Request& request) {
  const auto& [from, to] = request.route;
  const auto source = from.empty() ? OpenInBox(context.settings.modules_dir, request.name, false)
                                   : OpenOnStick(context, from, request.name, false);
  if (!source) return Failure(source.error());
  const auto tree = CountTree(source->path);
  if (!tree) return Failure(tree.error());
  if (tree->files == 0) return Fail(ErrorCode::NotFound, "there is no file in {}", source->path);
  const auto target = to.empty() ? OpenInBox(context.settings.module_working_dir, request.name, true)
                                 : OpenOnStick(context, to, request.name, true);
  if (!target) return Failure(target.error());
  RsyncJob job{.options = {},
               .operands = {source->path, target->path},
               .what = "copy " + request.name,
               .phase = "copy",
               .total = tree->bytes};
  if (to.empty()) {
    // What lies in the working directory from another time would be installed too. Sticks know no modes.
    job.options = {"--delete", "--perms", "--chmod=D0755,F0644"};
    job.directory = target->path;
  }
  auto copied = RunRsync(context, job).and_then([&] { return CompareTrees(source->path, target->path); });
  if (!copied) return Failure(copied.error());
  // Who sees "done" pulls the stick out.
  if (::syncfs(target->directory.Get()) != 0) return FailFromErrno(errno, "write all of it to " + target->path);
  return fmt::format("copied {} to {}: {} files", request.name, target->path, tree->files);
}

}  // namespace

StepEnd CopyModule(const Context& context, std::span<const std::string> arguments) {
  const auto request = ReadRequest(arguments);
  if (!request) return Failure(request.error());
  return Copy(context, *request);
}

}  // namespace cmdsrv
