// FileLock of platform/files.hpp.
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>

#include "platform/files.hpp"
#include "platform/temporary_file.hpp"

namespace cmdsrv {

Result<FileLock> FileLock::Take(const std::string& path, std::uint32_t wait_ms) {
  UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0644));
  if (!file) return FailAt(errno, "open the lock file", path);
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(wait_ms);
  std::chrono::milliseconds pause{1};
  for (;;) {
    if (::flock(file.Get(), LOCK_EX | LOCK_NB) == 0) return FileLock(std::move(file));
    if (errno != EWOULDBLOCK && errno != EINTR) return FailAt(errno, "lock", path);
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0) return Fail(ErrorCode::Busy, "cannot lock {}: another program holds it", path);
    std::this_thread::sleep_for(std::min(pause, left));  // flock has no deadline of its own
    pause = std::min(pause * 2, std::chrono::milliseconds{100});
  }
}

}  // namespace cmdsrv
