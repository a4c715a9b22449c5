#include "gateway/listen_socket.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>

#include "base/text.hpp"

namespace cmdsrv::gateway {
namespace {

constexpr int kBacklog = 256;
constexpr int kFirstPassed = 3;  // SD_LISTEN_FDS_START

int Socket(int family) { return ::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); }

std::optional<sockaddr_un> UnixAddress(std::string_view path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) return std::nullopt;
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

Result<Listening> Opened(int fd, const sockaddr* address, socklen_t length, std::string shown, bool is_unix) {
  if (::bind(fd, address, length) == 0 && ::listen(fd, kBacklog) == 0) return Listening{fd, is_unix, std::move(shown)};
  const int reason = errno;
  ::close(fd);
  if (reason == EADDRINUSE) return Fail(ErrorCode::Busy, "cannot listen at {}: it is in use", shown);
  return FailFromErrno(reason, "listen at " + shown);
}

Result<Listening> ListenTcp(std::string_view where) {
  const std::size_t colon = where.rfind(':');
  const long long port = colon == std::string_view::npos ? -1 : ToInteger(where.substr(colon + 1)).value_or(-1);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  const std::string host(where.substr(0, colon));
  if (port < 0 || port > 65535 || inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) {
    return Fail(ErrorCode::Malformed, "cannot listen at {}: it is neither 127.0.0.1:PORT nor unix:PATH", where);
  }
  if ((ntohl(address.sin_addr.s_addr) >> 24U) != 127) {
    return Fail(ErrorCode::Malformed, "cannot listen at {}: only loopback; put nginx in front", where);
  }
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  const int fd = Socket(AF_INET);
  if (fd < 0) return FailFromErrno(errno, "make a socket");
  const int one = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);  // a restart does not wait for old connections
  auto listening = Opened(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address, std::string(where), false);
  if (!listening) return listening;
  socklen_t length = sizeof address;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
  listening->address = fmt::format("http://{}:{}", host, ntohs(address.sin_port));
  return listening;
}

/// True when a server answers there.
bool IsServed(const sockaddr_un& address) {
  const int fd = Socket(AF_UNIX);
  if (fd < 0) return false;
  const bool refused = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
                       (errno == ECONNREFUSED || errno == ENOENT);
  ::close(fd);
  return !refused;
}

Result<Listening> ListenUnix(const std::string& path) {
  const auto address = UnixAddress(path);
  if (!address) return Fail(ErrorCode::Malformed, "cannot listen at {}: a socket's path has 1 to 107 bytes", path);
  std::error_code failed;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), failed);  // what fails shows at once
  struct stat facts {};
  if (::lstat(path.c_str(), &facts) == 0) {
    if (!S_ISSOCK(facts.st_mode)) return Fail(ErrorCode::Busy, "cannot listen at {}: it is there, and no socket", path);
    if (IsServed(*address)) return Fail(ErrorCode::Busy, "cannot listen at {}: it is in use", path);
    ::unlink(path.c_str());
  }
  const int fd = Socket(AF_UNIX);
  if (fd < 0) return FailFromErrno(errno, "make a socket");
  // Nobody else may connect, not even between bind and chmod.
  const mode_t before = ::umask(0117);
  auto listening = Opened(fd, reinterpret_cast<const sockaddr*>(&*address), sizeof *address, "unix:" + path, true);
  ::umask(before);
  return listening;
}

}  // namespace

Result<Listening> Listen(std::string_view where) {
  if (where.starts_with("unix:")) return ListenUnix(std::string(where.substr(5)));
  return ListenTcp(where);
}

Result<Listening> ListenAsActivated() {
  const char* pid = std::getenv("LISTEN_PID");
  const char* count = std::getenv("LISTEN_FDS");
  if (pid == nullptr || count == nullptr || ToInteger(pid) != ::getpid()) {
    return Fail(ErrorCode::Unavailable, "systemd has passed no socket");
  }
  const auto passed = ToInteger(count);
  ::unsetenv("LISTEN_PID");
  ::unsetenv("LISTEN_FDS");
  ::unsetenv("LISTEN_FDNAMES");
  if (passed != 1)
    return Fail(ErrorCode::Malformed, "systemd has passed {} sockets instead of one", passed.value_or(0));
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  int listens = 0;
  socklen_t size = sizeof listens;
  if (::getsockname(kFirstPassed, reinterpret_cast<sockaddr*>(&address), &length) != 0 ||
      ::getsockopt(kFirstPassed, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || listens == 0) {
    return Fail(ErrorCode::Malformed, "what systemd has passed is no socket that listens");
  }
  ::fcntl(kFirstPassed, F_SETFD, FD_CLOEXEC);
  ::fcntl(kFirstPassed, F_SETFL, ::fcntl(kFirstPassed, F_GETFL) | O_NONBLOCK);
  return Listening{kFirstPassed, address.ss_family == AF_UNIX, "the socket of systemd"};
}

void NotifyManager(std::string_view what) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  if (path == nullptr) return;
  auto address = UnixAddress(path);
  if (!address) return;
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + std::strlen(path));
  if (address->sun_path[0] == '@') address->sun_path[0] = '\0';
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  (void)::sendto(fd, what.data(), what.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&*address), length);
  ::close(fd);
}

}  // namespace cmdsrv::gateway
