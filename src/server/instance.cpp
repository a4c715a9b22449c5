#include "server/instance.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <limits>
#include <utility>

#include "base/log.hpp"
#include "base/text.hpp"
#include "platform/proc_stat.hpp"
#include "platform/unique_fd.hpp"

namespace cmdsrv {
namespace {

constexpr log::Domain kServer{"server"};
constexpr std::uint32_t kLongestExecMs = 5000;

/// Appears whole or not at all, mode 0644 whatever the umask, and never through a link. Not synced: these files mean
/// nothing after a reboot.
Result<void> WriteRunFile(const std::string& path, std::string_view text) {
  const std::string temporary = fmt::format("{}.{}", path, ::getpid());
  (void)::unlink(temporary.c_str());
  UniqueFd file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!file) return FailFromErrno(errno, "make " + temporary);
  const ssize_t written = ::write(file.Get(), text.data(), text.size());
  const int error = written < 0 ? errno : ENOSPC;
  const bool done = written == static_cast<ssize_t>(text.size()) && ::fchmod(file.Get(), 0644) == 0;
  if (done && std::rename(temporary.c_str(), path.c_str()) == 0) return {};
  const int why = done ? errno : error;
  (void)::unlink(temporary.c_str());
  return FailFromErrno(why, "write " + path);
}

void Remove(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    log::Warning(kServer, "cannot remove {}: {}", path, Reason(errno));
  }
}

/// Whether the process of the pid file is there. One that is just beginning has none yet, and one that was killed none
/// that lives.
bool LivesAt(const std::string& pid_file) {
  const auto text = ReadFile(pid_file, 64);
  const auto pid = text ? ToInteger(Trim(*text)) : std::nullopt;
  if (!pid || *pid <= 0 || *pid > std::numeric_limits<pid_t>::max()) return false;
  const auto stat = ReadProcStat(static_cast<pid_t>(*pid));
  return stat && !stat->IsDead();
}

/// A server that was killed while it started a program leaves a child behind that holds the lock until it is that
/// program: a moment, on a busy machine a long one.
Result<FileLock> TakeLock(const std::string& path, const std::string& pid_file) {
  auto lock = FileLock::Take(path);
  if (lock || lock.error().code != ErrorCode::Busy) return lock;
  if (!LivesAt(pid_file)) lock = FileLock::Take(path, kLongestExecMs);
  if (!lock && lock.error().code == ErrorCode::Busy)
    return Fail(ErrorCode::Busy, "another iiab-cmdsrv is running: it holds {}", path);
  return lock;
}

}  // namespace

Result<Instance> Instance::Begin(Paths paths) {
  auto lock = TakeLock(paths.lock, paths.pid);
  if (!lock) return Failure(std::move(lock.error()));
  std::optional<FileLock> jobs_lock;
  if (!paths.jobs_lock.empty()) {
    auto taken = TakeLock(paths.jobs_lock, paths.pid);
    if (!taken && taken.error().code == ErrorCode::Busy) return Failure(std::move(taken.error()));
    if (taken) jobs_lock = std::move(*taken);
  }
  Instance instance(std::move(paths), std::move(*lock), std::move(jobs_lock));
  Remove(instance.paths_.ready);
  Remove(instance.paths_.pid);
  if (auto written = WriteRunFile(instance.paths_.pid, fmt::format("{}\n", ::getpid())); !written) {
    return Failure(std::move(written.error()));
  }
  return instance;
}

Instance::Instance(Instance&& other) noexcept
    : paths_(std::move(other.paths_)),
      lock_(std::exchange(other.lock_, std::nullopt)),
      jobs_lock_(std::move(other.jobs_lock_)) {}

Instance::~Instance() {
  if (!lock_) return;
  Remove(paths_.ready);
  Remove(paths_.pid);
}

Result<void> Instance::WriteReadyFile() { return WriteRunFile(paths_.ready, "ready\n"); }

void Instance::RemoveReadyFile() { Remove(paths_.ready); }

}  // namespace cmdsrv
