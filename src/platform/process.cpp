#include "platform/process.hpp"

#include <signal.h>

#include <cerrno>
#include <cstring>

#include "base/text.hpp"
#include "platform/files.hpp"
#include "platform/proc_stat.hpp"
#include "platform/spawn.hpp"

namespace cmdsrv {

const std::string& BootId() {
  static const std::string id = [] {
    const auto text = ReadFile("/proc/sys/kernel/random/boot_id", 4096);
    return text ? std::string(Trim(*text)) : std::string("unknown");
  }();
  return id;
}

std::optional<ProcessIdentity> Identify(pid_t pid) {
  if (pid <= 0) return std::nullopt;
  const auto stat = ReadProcStat(pid);
  if (!stat) return std::nullopt;
  return ProcessIdentity{BootId(), pid, stat->start_ticks};
}

bool IsAlive(const ProcessIdentity& identity) {
  if (identity.pid <= 0 || identity.boot_id != BootId()) return false;
  const auto stat = ReadProcStat(identity.pid);
  return stat && stat->start_ticks == identity.start_ticks && !stat->IsDead();
}

Result<UniqueFd> OpenProcess(const ProcessIdentity& identity) {
  const auto gone = [&] { return Fail(ErrorCode::NotFound, "process {} has ended", identity.pid); };
  if (identity.pid <= 0) return Fail(ErrorCode::NotFound, "{} is no process id", identity.pid);
  if (identity.boot_id != BootId()) return gone();
  UniqueFd pidfd = OpenPidfd(identity.pid);
  if (!pidfd && (errno == ESRCH || errno == EINVAL)) return gone();
  if (!pidfd) return FailFromErrno(errno, fmt::format("watch process {}", identity.pid));
  // Only now: the pidfd pins the process, so if the pid means the right one here, the pidfd does too.
  if (Identify(identity.pid) != identity) return gone();
  return pidfd;
}

std::string Describe(const RunOutcome& outcome) {
  if (outcome.timed_out) {
    return fmt::format("not finished after {:.3g} s", std::chrono::duration<double>(outcome.ran).count());
  }
  if (outcome.exited) return fmt::format("exit status {}", outcome.status);
  return DescribeSignal(outcome.signal);
}

std::string DescribeSignal(int signal) {
  const char* name = ::sigdescr_np(signal);
  return fmt::format("ended by signal {} ({})", signal, name != nullptr ? name : "unknown");
}

}  // namespace cmdsrv
