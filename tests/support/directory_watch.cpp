#include "support/directory_watch.hpp"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <utility>

#include "support/files.hpp"

namespace cmdsrv::test {

DirectoryWatch::DirectoryWatch(const std::string& directory) : watch_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
  if (::inotify_add_watch(watch_.Get(), directory.c_str(), IN_CREATE | IN_MOVED_TO) < 0) {
    ThrowError({ErrorCode::Io, "cannot watch " + directory});
  }
}

void DirectoryWatch::Read() {
  std::array<char, 16384> events{};
  for (ssize_t got = 0; (got = ::read(watch_.Get(), events.data(), events.size())) > 0;) {
    for (ssize_t at = 0; at < got;) {
      inotify_event event{};
      std::memcpy(&event, events.data() + at, sizeof event);
      const char* name = events.data() + at + sizeof event;
      ((event.mask & IN_MOVED_TO) != 0 ? moved_in_ : made_).emplace_back(event.len > 0 ? name : "");
      at += static_cast<ssize_t>(sizeof event + event.len);
    }
  }
}

std::vector<std::string> DirectoryWatch::Made() {
  Read();
  return std::exchange(made_, {});
}

std::vector<std::string> DirectoryWatch::MovedIn() {
  Read();
  return std::exchange(moved_in_, {});
}

}  // namespace cmdsrv::test
