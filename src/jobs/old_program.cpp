// What an older, Python version of the server has left running.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/log.hpp"
#include "base/text.hpp"
#include "jobs/shim_runner.hpp"
#include "platform/files.hpp"
#include "platform/proc_stat.hpp"
#include "platform/spawn.hpp"

namespace cmdsrv {
namespace {

constexpr log::Domain kJobs{"jobs"};
constexpr std::size_t kCommandLineLimit = 4U << 20U;

/// Stops a process and all that descends from it, so that none of them can fork away before it is killed; their
/// handles.
std::vector<UniqueFd> StopFamily(pid_t pid, UniqueFd pidfd) {
  std::vector<UniqueFd> handles;
  std::vector<pid_t> family = {pid};
  SignalPidfd(pidfd.Get(), SIGSTOP);
  handles.push_back(std::move(pidfd));
  for (std::size_t before = 0; before < family.size();) {  // again until a look finds nobody new
    before = family.size();
    for (const pid_t other : AllPids()) {
      const auto stat = ReadProcStat(other);
      if (!stat || stat->IsDead() || std::ranges::find(family, other) != family.end()) continue;
      if (std::ranges::find(family, stat->parent) == family.end()) continue;
      auto handle = OpenProcess({BootId(), other, stat->start_ticks});
      if (!handle) continue;
      SignalPidfd(handle->Get(), SIGSTOP);
      handles.push_back(std::move(*handle));
      family.push_back(other);
    }
  }
  return handles;
}

}  // namespace

bool RunsOldCommand(std::string_view cmdline, std::string_view job_command) {
  const auto arguments = Split(cmdline, '\0');
  const auto words = Split(Trim(job_command), ' ');
  const auto among = [&](std::string_view word) {
    if (word.size() >= 2 && word.front() == word.back() && (word.front() == '\'' || word.front() == '"')) {
      word = word.substr(1, word.size() - 2);
    }
    return !word.empty() && std::ranges::find(arguments, word) != arguments.end();
  };
  return among(words.front()) && among(words.back());
}

namespace {

void EndOldProcess(JobId id, std::int64_t pid, const std::string& job_command) {
  if (pid <= 1) return;
  UniqueFd pidfd = OpenPidfd(static_cast<pid_t>(pid));  // before the look, so that it cannot become another process
  if (!pidfd) return;
  const auto cmdline = ReadFile(fmt::format("/proc/{}/cmdline", pid), kCommandLineLimit);
  if (!cmdline || !RunsOldCommand(*cmdline, job_command)) {
    return log::Info(kJobs, "process {} is not that of the old job {} any more; it is left alone", pid, id);
  }
  log::Warning(kJobs, "ending process {} of job {}, which an older version of the server started", pid, id);
  for (const UniqueFd& handle : StopFamily(static_cast<pid_t>(pid), std::move(pidfd))) {
    SignalPidfd(handle.Get(), SIGKILL);
  }
}

}  // namespace

void ShimRunner::EndOldProgram(JobId id, std::int64_t pid, const std::string& job_command) {
  EndOldProcess(id, pid, job_command);
  RemoveOldOutput(id);
}

/// Anybody can make files of that name, so only a plain one of our own account goes. In a sticky directory nobody else
/// can put another in its place meanwhile; and what is removed is a name, whatever it leads to.
void ShimRunner::RemoveOldOutput(JobId id) const {
  if (paths_.old_output_directory.empty()) return;
  const UniqueFd directory(
      ::open(paths_.old_output_directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!directory) return;
  const std::string name = fmt::format("job-{}", id);
  struct stat facts {};
  if (::fstatat(directory.Get(), name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0) return;
  if (!S_ISREG(facts.st_mode) || facts.st_uid != ::geteuid() || facts.st_nlink != 1) {
    return log::Warning(kJobs, "{}/{} is no output of the old job {}; it is left alone", paths_.old_output_directory,
                        name, id);
  }
  if (::unlinkat(directory.Get(), name.c_str(), 0) != 0) {
    log::Warning(kJobs, "cannot remove {}/{}: {}", paths_.old_output_directory, name, Reason(errno));
  }
}

}  // namespace cmdsrv
