#include "base/text.hpp"
#include "commands/handlers.hpp"
#include "commands/stats_text.hpp"
#include "platform/files.hpp"

namespace cmdsrv {
namespace {

/// "VmRSS:     5120 kB" of /proc/self/status, 0 when it is not there.
std::int64_t NumberOf(std::string_view status, std::string_view key) {
  const std::size_t at = status.find(key);
  if (at == std::string_view::npos) return 0;
  std::string_view rest = status.substr(at + key.size());
  rest = Trim(rest.substr(0, rest.find('\n')));
  return ToInteger(rest.substr(0, rest.find(' '))).value_or(0);
}

json::object DescribeMemory() {
  const auto status = ReadFile("/proc/self/status", 16384);
  const std::string_view text = status ? std::string_view(*status) : std::string_view();
  return {{"resident_k", NumberOf(text, "VmRSS:")},
          {"most_k", NumberOf(text, "VmHWM:")},
          {"threads", NumberOf(text, "Threads:")}};
}

json::value FreeKib(const std::string& path) {
  const auto space = SpaceAt(path);
  return space ? json::value(space->available_bytes / 1024) : json::value();
}

std::uint64_t KibOfFile(const std::string& path) {
  const auto facts = Look(path);
  return facts ? facts->bytes / 1024 : 0;
}

json::object DescribeDisk(const Services& services) {
  const std::string& database = services.settings.database_path;
  return {{"database_k", KibOfFile(database) + KibOfFile(database + "-wal")},
          {"database_free_k", FreeKib(services.settings.cmdsrv_dir)},
          {"state_free_k", FreeKib(services.settings.state_dir)},
          {"library_free_k", FreeKib(services.root.Path("/library"))}};
}

json::object DescribeJobs(JobBoard& jobs) {
  const ActiveSummary active = jobs.Active();
  json::object described{{NameOf(JobStatus::Scheduled), active.scheduled},
                         {NameOf(JobStatus::Started), active.started},
                         {NameOf(JobStatus::Restarted), active.restarted}};
  for (const JobStatus status : {JobStatus::Succeeded, JobStatus::Failed, JobStatus::Cancelled}) {
    described[NameOf(status)] = jobs.Events().Ended(status);
  }
  return described;
}

}  // namespace

json::object DescribeStats(Services& services) {
  json::object reply = services.stats.Describe();
  const auto uptime = std::chrono::duration_cast<std::chrono::seconds>(services.clock.Steady() - services.started);
  reply["uptime_s"] = uptime.count();
  reply["jobs"] = DescribeJobs(services.jobs);
  reply["memory"] = DescribeMemory();
  reply["disk"] = DescribeDisk(services);
  return reply;
}

Result<Outcome> GetStats(const Arguments&, Services& services) { return Answer(json::value(DescribeStats(services))); }

}  // namespace cmdsrv
