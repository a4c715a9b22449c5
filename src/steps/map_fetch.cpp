// map-fetch: a map from the first of several sources that has it; what one has given is gone on with from the next.
#include <algorithm>

#include "base/names.hpp"
#include "base/text.hpp"
#include "content/map_catalog.hpp"
#include "content/module_catalog.hpp"
#include "platform/files.hpp"
#include "steps/fetch.hpp"
#include "steps/net.hpp"
#include "steps/rclone.hpp"
#include "steps/rsync.hpp"
#include "steps/say.hpp"
#include "steps/step.hpp"

namespace cmdsrv {
namespace {

struct Request {
  std::vector<std::string> sources;
  std::uint64_t bytes = 0;  ///< 0: unknown
  std::string file;
};

/// By hand, because --from may come several times.
Result<Request> ReadRequest(std::span<const std::string> arguments) {
  Request request;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& one = arguments[i];
    const bool takes_value = one == "--from" || one == "--size";
    if (takes_value && i + 1 == arguments.size()) return Fail(ErrorCode::Malformed, "the option {} needs a value", one);
    if (one == "--from") {
      request.sources.push_back(arguments[++i]);
    } else if (one == "--size") {
      const auto bytes = ToInteger(arguments[++i]);
      if (!bytes || *bytes < 0) return Fail(ErrorCode::Malformed, "--size must be a whole number");
      request.bytes = static_cast<std::uint64_t>(*bytes);
    } else if (one != "--") {
      if (!request.file.empty()) return Fail(ErrorCode::Malformed, "there must be one operand");
      request.file = one;
    }
  }
  if (!IsMapFile(request.file)) return Fail(ErrorCode::Malformed, "the operand must be the plain name of a map");
  if (request.sources.empty()) return Fail(ErrorCode::Malformed, "--from is missing");
  for (const std::string& source : request.sources) {
    if (!IsFetchUrl(source) && !IsRcloneSource(source))
      return Fail(ErrorCode::Malformed, "\"{}\" is neither an address nor REMOTE:PATH", source);
  }
  return request;
}

Proof ProveMap(const std::string& path, std::uint64_t bytes) {
  const auto facts = Look(path);
  if (!facts || !facts->is_regular) return {ProofFailure::Unreadable, "cannot look at " + path};
  if (bytes == 0 && facts->bytes > 0) return {};
  if (facts->bytes == bytes && bytes > 0) return {};
  const ProofFailure failure = facts->bytes < bytes ? ProofFailure::TooShort : ProofFailure::WrongSize;
  return {failure, fmt::format("{} has {} bytes and should have {}", path, facts->bytes, bytes)};
}

class Fetcher {
 public:
  Fetcher(const Context& context, const Request& request)
      : context_(context), request_(request), path_(context.settings.maps_working_dir + request.file) {}

  StepEnd Run() {
    std::optional<Error> worst;
    for (const std::string& source : request_.sources) {
      auto end = IsFetchUrl(source) ? OverHttp(source) : ByRclone(source);
      if (end) return end;
      const ErrorCode code = end.error().code;
      // Another source does not help with these.
      if (code == ErrorCode::NoSpace || code == ErrorCode::Busy) return end;
      Say("{}", end.error().message);
      const bool passing = code == ErrorCode::TryLater || code == ErrorCode::NoNetwork || code == ErrorCode::Timeout;
      if (!worst || passing) worst = std::move(end.error());
    }
    if (request_.sources.size() == 1) return Failure(*std::move(worst));
    return Fail(worst->code, "none of {} sources gives {}: {}", request_.sources.size(), request_.file, worst->message);
  }

 private:
  StepEnd OverHttp(const std::string& url) {
    FetchRequest request{.url = url,
                         .metalink = {},
                         .file_ref = request_.file,
                         .size_k = (request_.bytes + 512) / 1024,
                         .tries = request_.sources.size() > 1 ? 3 : 5};
    const std::string installed = context_.settings.map_tiles_dir + request_.file;
    const std::uint64_t bytes = request_.bytes;
    FetchGoal goal{
        .directory = context_.settings.maps_working_dir,
        .file = request_.file,
        .lock_prefix = "map-fetch",
        .needless = [installed, bytes]() -> std::optional<std::string> {
          if (bytes == 0 || !ProveMap(installed, bytes)) return std::nullopt;
          return installed + " is in use already";
        },
        .prove = [bytes](const std::string& path,
                         const ProofDemands& demands) { return ProveMap(path, bytes != 0 ? bytes : demands.bytes); }};
    return FetchFile(context_, std::move(request), std::move(goal));
  }

  /// rclone cannot go on with half a file, so it gets a name of its own.
  StepEnd ByRclone(const std::string& source) {
    if (request_.bytes != 0 && ProveMap(path_, request_.bytes)) return request_.file + " is downloaded already";
    if (auto made = MakeDirectories(context_.settings.maps_working_dir); !made) return Failure(made.error());
    if (auto room = CheckReserve(context_, context_.settings.maps_working_dir); !room) return Failure(room.error());
    const std::string draft = path_ + ".rclone";
    const auto copied = RunRclone(context_, {.operation = "copyto",
                                             .source = source,
                                             .target = draft,
                                             .what = "fetch " + request_.file,
                                             .total = request_.bytes});
    if (!copied) return Failure(copied.error());
    if (const Proof proof = ProveMap(draft, request_.bytes); !proof) {
      (void)RemoveFile(draft);
      return Fail(ErrorCode::Corrupt, "{}", proof.message);
    }
    if (auto moved = MoveFileDurably(draft, path_); !moved) return Failure(moved.error());
    return fmt::format("fetched {}", request_.file);
  }

  const Context& context_;
  const Request& request_;
  const std::string path_;
};

}  // namespace

StepEnd MapFetch(const Context& context, std::span<const std::string> arguments) {
  const auto request = ReadRequest(arguments);
  if (!request) return Failure(request.error());
  return Fetcher(context, *request).Run();
}

}  // namespace cmdsrv
