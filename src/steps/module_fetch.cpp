// module-fetch: a module from an rsync server or by rclone into the working directory.
#include "base/names.hpp"
#include "base/text.hpp"
#include "content/ini_file.hpp"
#include "content/module_catalog.hpp"
#include "platform/files.hpp"
#include "platform/trees.hpp"
#include "steps/module_tree.hpp"
#include "steps/options.hpp"
#include "steps/rclone.hpp"
#include "steps/rsync.hpp"
#include "steps/say.hpp"
#include "steps/step.hpp"

namespace cmdsrv {
namespace {

struct Request {
  std::string moddir;
  std::string rsync_url;
  std::string rclone;
  std::uint64_t bytes = 0;  ///< 0: unknown
};

Result<Request> ReadRequest(std::span<const std::string> arguments) {
  const auto options = Options::Parse(arguments, {{"--rsync-url", true}, {"--rclone", true}, {"--size-k", true}}, 1);
  if (!options) return Failure(options.error());
  Request request{options->Operands().front(), options->Text("--rsync-url"), options->Text("--rclone")};
  if (!IsSafeName(request.moddir) || request.moddir.size() > 200)
    return Fail(ErrorCode::Malformed, "the operand must be a plain name");
  if (request.rsync_url.empty() == request.rclone.empty())
    return Fail(ErrorCode::Malformed, "one of --rsync-url and --rclone must be given");
  if (!request.rsync_url.empty() && !IsModuleRsyncUrl(request.rsync_url, request.moddir))
    return Fail(ErrorCode::Malformed, "--rsync-url must be rsync://HOST/PATH/{}", request.moddir);
  if (!request.rclone.empty() && !IsRcloneSource(request.rclone))
    return Fail(ErrorCode::Malformed, "--rclone must be REMOTE:PATH");
  const auto size = options->Number("--size-k", 0, 0);
  if (!size) return Failure(size.error());
  request.bytes = static_cast<std::uint64_t>(*size) * 1024;
  return request;
}

RsyncJob RsyncOf(const Context& context, const Request& request, const std::string& target) {
  // No links, no devices, no rights of the server: pages and pictures only. Pages shrink a lot on the line.
  return {.options = {"--compress", "--delete", "--perms", "--chmod=D0755,F0644", "--contimeout=30",
                      fmt::format("--timeout={}", context.settings.fetch_stall_s)},
          .operands = {request.rsync_url + "/", target},
          .what = "fetch " + request.moddir,
          .phase = "download",
          .total = request.bytes,
          .directory = target};
}

StepEnd Fetch(const Context& context, const Request& request) {
  const std::string& working = context.settings.module_working_dir;
  const std::string target = working + request.moddir + "/";
  // A file or a link in its place is none of ours.
  if (const auto facts = Look(working + request.moddir); facts && !facts->is_directory) {
    if (auto removed = RemoveTree(working + request.moddir); !removed) return Failure(removed.error());
  }
  if (auto made = MakeDirectories(target); !made) return Failure(made.error());
  const auto lock = FileLock::Take(fmt::format("{}.module-fetch-{}.lck", working, request.moddir));
  if (!lock && lock.error().code == ErrorCode::Busy)
    return Fail(ErrorCode::Busy, "another download of {} is under way", request.moddir);
  if (!lock) return Failure(lock.error());
  if (auto room = CheckReserve(context, target); !room) return Failure(room.error());
  const auto fetched = request.rclone.empty() ? RunRsync(context, RsyncOf(context, request, target))
                                              : RunRclone(context, {.operation = "sync",
                                                                    .source = request.rclone,
                                                                    .target = target,
                                                                    .what = "fetch " + request.moddir,
                                                                    .total = request.bytes});
  if (!fetched) return Failure(fetched.error());
  const auto tree = CountTree(target);
  if (!tree) return Failure(tree.error());
  if (tree->files == 0) return Fail(ErrorCode::NotFound, "the server has no file of the module {}", request.moddir);
  return fmt::format("fetched {}: {} files, {} bytes", request.moddir, tree->files, tree->bytes);
}

}  // namespace

StepEnd ModuleFetch(const Context& context, std::span<const std::string> arguments) {
  const auto request = ReadRequest(arguments);
  if (!request) return Failure(request.error());
  return Fetch(context, *request);
}

}  // namespace cmdsrv
