#include "platform/write_watch.hpp"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace cmdsrv {

Result<WriteWatch> WriteWatch::Make() {
  UniqueFd fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!fd) return FailFromErrno(errno, "watch files");
  return WriteWatch(std::move(fd));
}

Result<int> WriteWatch::Once(const std::string& path) {
  const int number = ::inotify_add_watch(fd_.Get(), path.c_str(), IN_MODIFY | IN_ONESHOT | IN_DONT_FOLLOW);
  if (number < 0) return FailFromErrno(errno, "watch " + path);
  return number;
}

void WriteWatch::Forget(int number) { (void)::inotify_rm_watch(fd_.Get(), number); }

std::vector<int> WriteWatch::Take() {
  std::vector<int> numbers;
  alignas(inotify_event) std::array<char, 4096> buffer;
  for (;;) {
    const ssize_t got = ::read(fd_.Get(), buffer.data(), buffer.size());
    if (got <= 0) return numbers;
    for (std::size_t at = 0; at + sizeof(inotify_event) <= static_cast<std::size_t>(got);) {
      inotify_event event{};
      std::memcpy(&event, buffer.data() + at, sizeof event);
      if ((event.mask & IN_MODIFY) != 0) numbers.push_back(event.wd);
      at += sizeof event + event.len;
    }
  }
}

}  // namespace cmdsrv
