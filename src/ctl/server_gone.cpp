#include "ctl/server_gone.hpp"

#include <errno.h>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>

namespace cmdsrv::ctl {

Result<ServerGone> ServerGone::Watch(const std::string& pid_file) {
  const int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  if (fd < 0) return FailFromErrno(errno, "watch files");
  ServerGone gone(fd, pid_file);
  const std::string directory = pid_file.substr(0, pid_file.rfind('/') + 1);
  if (inotify_add_watch(fd, directory.c_str(), IN_DELETE | IN_MOVED_FROM | IN_ONLYDIR) < 0) {
    return FailFromErrno(errno, "watch " + directory);
  }
  return gone;
}

ServerGone::ServerGone(ServerGone&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), pid_file_(std::move(other.pid_file_)) {}

ServerGone::~ServerGone() {
  if (fd_ >= 0) close(fd_);
}

bool ServerGone::Wait(std::chrono::milliseconds deadline) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  for (;;) {
    if (access(pid_file_.c_str(), F_OK) != 0) return true;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    pollfd poll_fd{.fd = fd_, .events = POLLIN, .revents = 0};
    poll(&poll_fd, 1, static_cast<int>(std::min<std::int64_t>(left.count(), 60'000)));
    std::array<char, 4096> events;
    while (read(fd_, events.data(), events.size()) > 0) continue;  // which file it was is seen above
  }
}

}  // namespace cmdsrv::ctl
