#include "server/listen_socket.hpp"

#include <grp.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace cmdsrv {
namespace {

constexpr int kBacklog = 512;

Result<sockaddr_un> AddressOf(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return Fail(ErrorCode::Malformed, "the path of the socket has {} bytes, but at most {} are possible: {}",
                path.size(), sizeof address.sun_path - 1, path);
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

}  // namespace

Result<SocketOwner> FindOwner(const std::string& account) {
  const passwd* user = ::getpwnam(account.c_str());  // before there are threads
  if (user == nullptr) {
    return Fail(ErrorCode::Refused, "there is no user \"{}\" to own the socket; set apache_user in cmdsrv.conf",
                account);
  }
  const uid_t uid = user->pw_uid;
  const group* users = ::getgrnam(account.c_str());
  if (users == nullptr) {
    return Fail(ErrorCode::Refused, "there is no group \"{}\" to own the socket; set apache_user in cmdsrv.conf",
                account);
  }
  return SocketOwner{uid, users->gr_gid};
}

Result<UniqueFd> ListenAt(const std::string& path, const std::optional<SocketOwner>& owner) {
  const auto address = AddressOf(path);
  if (!address) return Failure(address.error());
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return FailFromErrno(errno, "make a socket");
  // Linux makes the file with the mode of the socket, so it is private from its first moment, whatever the umask.
  if (::fchmod(fd.Get(), 0600) != 0) return FailFromErrno(errno, "make the socket private");
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return FailFromErrno(errno, "remove the old socket " + path);
  if (::bind(fd.Get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0) {
    return FailFromErrno(errno, "bind the socket " + path);
  }
  if (owner && ::lchown(path.c_str(), owner->uid, owner->gid) != 0) {
    return FailFromErrno(errno, fmt::format("give the socket {} to uid {}", path, owner->uid));
  }
  if (::chmod(path.c_str(), 0770) != 0) return FailFromErrno(errno, "set the mode of the socket " + path);
  if (::listen(fd.Get(), kBacklog) != 0) return FailFromErrno(errno, "listen at the socket " + path);
  return fd;
}

}  // namespace cmdsrv
