#include "server/connection_limit.hpp"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <limits>

namespace cmdsrv {
namespace {

constexpr rlim_t kKeptFree = 256;

std::atomic<int> g_first_kept{std::numeric_limits<int>::max()};

/// The kernel gives the lowest free number, so the number says how many are in use.
int Checked(int fd) {
  if (fd >= 0 && fd < g_first_kept) return fd;
  // With the lowest number taken by somebody else meanwhile there may be none left at all. libzmq bears these errors.
  if (fd >= 0) {
    ::close(fd);
    errno = ECONNABORTED;
  } else if (errno == EMFILE) {
    errno = ENFILE;
  }
  return -1;
}

}  // namespace

void KeepDescriptorsFree() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > std::numeric_limits<int>::max()) return;
  g_first_kept = static_cast<int>(limit.rlim_cur - std::min(kKeptFree, limit.rlim_cur / 4));
}

}  // namespace cmdsrv

// The same promise as libc's, see accept(2); its own names of the arguments are reserved ones.
// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name)
extern "C" {

__attribute__((visibility("default"))) int accept4(int socket, sockaddr* address, socklen_t* size, int flags) {
  return cmdsrv::Checked(static_cast<int>(::syscall(SYS_accept4, socket, address, size, flags)));
}

__attribute__((visibility("default"))) int accept(int socket, sockaddr* address, socklen_t* size) {
  return accept4(socket, address, size, 0);
}
}
// NOLINTEND(readability-inconsistent-declaration-parameter-name)
