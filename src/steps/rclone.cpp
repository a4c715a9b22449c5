#include "steps/rclone.hpp"

#include <algorithm>

#include "base/json.hpp"
#include "base/text.hpp"
#include "content/rclone_remotes.hpp"
#include "platform/files.hpp"
#include "steps/program.hpp"
#include "steps/progress.hpp"
#include "steps/rsync.hpp"

namespace cmdsrv {
namespace {

/// Reads the JSON lines of a run.
class RcloneLines {
 public:
  explicit RcloneLines(Progress& progress, bool total_known) : progress_(progress), total_known_(total_known) {}

  void Add(std::string_view line) {
    const auto document = ParseJson(line, {.depth = 8, .bytes = 1U << 16U});
    const json::object* entry = document ? document->if_object() : nullptr;
    if (entry == nullptr) {
      if (problem_.empty()) problem_ = Shorten(CleanOutput(Trim(line)), 300);
      return;
    }
    const std::string_view level = TextMember(*entry, "level");
    if (level == "error" || level == "critical") problem_ = Shorten(CleanOutput(TextMember(*entry, "msg")), 300);
    const json::value* stats = entry->if_contains("stats");
    if (stats == nullptr || !stats->is_object()) return;
    if (!total_known_) progress_.SetTotal(Number(stats->get_object(), "totalBytes"));
    progress_.Report(Number(stats->get_object(), "bytes"));
  }

  /// The last one tells the cause of the end.
  const std::string& Problem() const { return problem_; }

 private:
  static std::uint64_t Number(const json::object& object, std::string_view key) {
    const json::value* value = object.if_contains(key);
    return value != nullptr && value->is_int64() && value->get_int64() > 0
               ? static_cast<std::uint64_t>(value->get_int64())
               : 0;
  }
  Progress& progress_;
  const bool total_known_;
  std::string problem_;
};

ErrorCode CodeOf(const ProgramEnd& end, std::string_view problem) {
  const auto has = [&](std::string_view words) { return problem.find(words) != std::string_view::npos; };
  if (has("no space left on device")) return ErrorCode::NoSpace;
  if (has("no such host") || has("connection refused") || has("network is unreachable")) return ErrorCode::NoNetwork;
  if (has("timeout") || has("connection reset") || has("unexpected EOF")) return ErrorCode::TryLater;
  if (!end.exited) return ErrorCode::Io;
  if (end.status == 3 || end.status == 4) return ErrorCode::NotFound;  // directory, file not found
  return end.status == 5 ? ErrorCode::TryLater : ErrorCode::Io;        // a failure that rclone calls temporary
}

std::vector<std::string> Arguments(const Context& context, const std::string& rclone, const RcloneJob& job) {
  return {rclone,
          std::string(job.operation),
          "--config",
          context.settings.rclone_config_file,
          "--use-json-log",
          "--stats=1s",
          "--stats-log-level=NOTICE",
          "--contimeout=30s",
          fmt::format("--timeout={}s", context.settings.fetch_stall_s),
          "--retries=1",
          "--low-level-retries=3",
          "--",
          job.source,
          job.target};
}

}  // namespace

Result<void> RunRclone(const Context& context, const RcloneJob& job) {
  const auto rclone = context.root.FindProgram("rclone");
  if (!rclone) return Failure(rclone.error());
  const std::string remote = job.source.substr(0, job.source.find(':'));
  const auto remotes = RcloneRemotes(context.settings);
  if (std::ranges::find(remotes, remote) == remotes.end())
    return Fail(ErrorCode::Unavailable,
                "rclone has no remote {} that catalogs may use; the administrator sets it in {}", remote,
                context.settings.rclone_config_file);
  Progress progress("download", job.total);
  RcloneLines lines(progress, job.total > 0);
  EndRequests requests;
  Result<void> room;
  Watch watch;
  watch.on_line = [&](std::string_view line) { lines.Add(line); };
  watch.on_second = [&] {
    room = CheckReserve(context, job.target.substr(0, job.target.rfind('/') + 1));
    return room.has_value();
  };
  const auto end = RunWatched(context, Arguments(context, *rclone, job), watch, requests);
  if (!end) return Failure(end.error());
  requests.EndIfAsked();
  if (end->exited && end->status == 0) return {};
  if (!room) return Fail(ErrorCode::NoSpace, "cannot {}: {}", job.what, room.error().message);
  const std::string& problem = lines.Problem();
  return Fail(CodeOf(*end, problem), "cannot {}: {}", job.what,
              problem.empty() ? "rclone ended with " + Describe(*end) : problem);
}

}  // namespace cmdsrv
