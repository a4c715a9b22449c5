#include "server/process_setup.hpp"

#include <malloc.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include <fmt/format.h>

#include "base/text.hpp"

namespace cmdsrv {

void SaveMemory() {
  (void)::mallopt(M_ARENA_MAX, 2);
  // Without this the threshold grows with the first long reply, and the memory of all later ones is never given back.
  (void)::mallopt(M_MMAP_THRESHOLD, 256 << 10);
}

void AllowManyDescriptors() {
  constexpr rlim_t kEnough = 65'536;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= std::min(limit.rlim_max, kEnough)) return;
  limit.rlim_cur = std::min(limit.rlim_max, kEnough);
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

void HideMemory() { (void)::prctl(PR_SET_DUMPABLE, 0); }

void SetUmask() { (void)::umask(0022); }

bool StandardErrorIsJournal() {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat facts {};
  if (stream == nullptr || ::fstat(STDERR_FILENO, &facts) != 0) return false;
  // The variable is inherited by everything below a service, also where standard error leads elsewhere.
  return fmt::format("{}:{}", facts.st_dev, facts.st_ino) == stream;
}

Result<UniqueFd> TakeSignals() {
  (void)std::signal(SIGPIPE, SIG_IGN);
  sigset_t ours;
  ::sigemptyset(&ours);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&ours, signal);
  if (const int error = ::pthread_sigmask(SIG_BLOCK, &ours, nullptr); error != 0) {
    return FailFromErrno(error, "block signals");
  }
  UniqueFd fd(::signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd) return FailFromErrno(errno, "make a signalfd");
  return fd;
}

std::optional<std::chrono::milliseconds> WatchdogInterval() {
  const char* wanted = std::getenv("WATCHDOG_USEC");
  const char* whose = std::getenv("WATCHDOG_PID");
  if (wanted == nullptr || (whose != nullptr && ToInteger(whose) != ::getpid())) return std::nullopt;
  const auto micros = ToInteger(wanted);
  if (!micros || *micros < 2000) return std::nullopt;
  return std::chrono::milliseconds{*micros / 2000};
}

}  // namespace cmdsrv
