#include "steps/rsync.hpp"

#include "base/text.hpp"
#include "platform/files.hpp"
#include "steps/program.hpp"
#include "steps/progress.hpp"

namespace cmdsrv {
namespace {

/// What rsync complained about first. That the other half of rsync is gone is a consequence only.
class Complaints {
 public:
  void Add(std::string_view line) {
    // A complaint can stand behind the numbers of the same line.
    for (const std::string_view head : {"rsync: ", "@ERROR: ", "rsync error: "}) {
      const auto at = line.find(head);
      if (at == std::string_view::npos) continue;
      const bool told = !first_.empty() && first_.find("Broken pipe") == std::string::npos;
      if (!told) first_ = Shorten(CleanOutput(line.substr(at + head.size())), 300);
      all_ += line.substr(at);
      all_ += '\n';
      return;
    }
  }

  bool Has(std::string_view words) const { return all_.find(words) != std::string::npos; }
  const std::string& First() const { return first_; }

 private:
  std::string first_;
  std::string all_;
};

ErrorCode CodeOf(const ProgramEnd& end, const Complaints& complaints) {
  if (complaints.Has("No space left on device")) return ErrorCode::NoSpace;
  if (complaints.Has("failed to connect to") || complaints.Has("getaddrinfo")) return ErrorCode::NoNetwork;
  if (complaints.Has("max connections")) return ErrorCode::TryLater;
  if (complaints.Has("Unknown module") || complaints.Has("No such file or directory")) return ErrorCode::NotFound;
  if (!end.exited) return ErrorCode::Io;
  switch (end.status) {
    case 10:  // error in socket I/O
    case 12:  // error in the protocol data stream: the line broke
    case 30:  // no data for too long
    case 35:  // the server did not answer the call
      return ErrorCode::TryLater;
    default: return ErrorCode::Io;
  }
}

std::vector<std::string> Arguments(const std::string& rsync, const RsyncJob& job) {
  std::vector<std::string> argv{rsync,
                                "-rt",
                                "--size-only",
                                "--partial-dir=.cmdsrv-partial",
                                "--no-inc-recursive",
                                "--info=progress2",
                                "--no-human-readable",
                                "--outbuf=L"};
  argv.insert(argv.end(), job.options.begin(), job.options.end());
  argv.emplace_back("--");
  argv.insert(argv.end(), job.operands.begin(), job.operands.end());
  return argv;
}

}  // namespace

Result<void> CheckReserve(const Context& context, const std::string& directory) {
  if (directory.empty()) return {};
  const auto space = SpaceAt(directory);
  const auto system = SpaceAt(context.root.Path("/"));
  if (!space || !system || space->device != system->device) return {};
  const auto reserve = static_cast<std::uint64_t>(context.settings.root_reserve_mb) << 20U;
  if (space->available_bytes >= reserve) return {};
  return Fail(ErrorCode::NoSpace, "less than {} MB are free on the disk of the system, which it needs itself",
              context.settings.root_reserve_mb);
}

Result<void> RunRsync(const Context& context, const RsyncJob& job) {
  const auto rsync = context.root.FindProgram("rsync");
  if (!rsync) return Failure(rsync.error());
  Progress progress(job.phase, job.total);
  EndRequests requests;
  Complaints complaints;
  Result<void> room;
  Watch watch;
  watch.on_line = [&](std::string_view line) {
    complaints.Add(line);
    const std::string_view text = Trim(line);
    const auto bytes = ToInteger(text.substr(0, text.find(' ')));
    if (bytes && *bytes >= 0) progress.Report(static_cast<std::uint64_t>(*bytes));
  };
  watch.on_second = [&] {
    room = CheckReserve(context, job.directory);
    return room.has_value();
  };
  const auto end = RunWatched(context, Arguments(*rsync, job), watch, requests);
  if (!end) return Failure(end.error());
  requests.EndIfAsked();
  if (end->exited && end->status == 0) {
    if (job.total > 0) progress.Finish(job.total);
    return {};
  }
  if (!room) return Fail(ErrorCode::NoSpace, "cannot {}: {}", job.what, room.error().message);
  return Fail(CodeOf(*end, complaints), "cannot {}: {}; what was copied is gone on with the next time", job.what,
              complaints.First().empty() ? "rsync ended with " + Describe(*end) : complaints.First());
}

}  // namespace cmdsrv
