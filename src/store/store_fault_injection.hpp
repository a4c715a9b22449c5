#pragma once

#include <dlfcn.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

/// Takes the place of libc's pwrite64 and fdatasync for the SQLite library in this test program (a program's own
/// symbols come first): a disk that is full, that fails, that stops in the middle of a write. Include in one file of a
/// program.
namespace cmdsrv::store_test {

struct Faults {
  std::atomic<bool> full = false;         ///< writes fail with ENOSPC
  std::atomic<off64_t> largest_file = 0;  ///< above 0: writes behind this offset fail with ENOSPC
  std::atomic<bool> sync_fails = false;   ///< fdatasync fails with EIO
  std::atomic<long> syncs = 0;            ///< calls of fdatasync so far
  std::atomic<long> kill_at_write = 0;    ///< above 0: SIGKILL half-way through the n-th write from now
};

inline Faults g_faults;

}  // namespace cmdsrv::store_test

extern "C" ssize_t pwrite64(int fd, const void* bytes, size_t size, off64_t offset) {
  using cmdsrv::store_test::g_faults;
  using Function = ssize_t (*)(int, const void*, size_t, off64_t);
  static const auto real = reinterpret_cast<Function>(::dlsym(RTLD_NEXT, "pwrite64"));
  const bool beyond = g_faults.largest_file > 0 && offset + static_cast<off64_t>(size) > g_faults.largest_file;
  if (g_faults.full || beyond) {
    errno = ENOSPC;
    return -1;
  }
  if (g_faults.kill_at_write > 0 && --g_faults.kill_at_write == 0) {
    real(fd, bytes, size / 2, offset);
    ::kill(::getpid(), SIGKILL);
  }
  return real(fd, bytes, size, offset);
}

extern "C" int fdatasync(int fd) {
  using cmdsrv::store_test::g_faults;
  using Function = int (*)(int);
  static const auto real = reinterpret_cast<Function>(::dlsym(RTLD_NEXT, "fdatasync"));
  ++g_faults.syncs;
  if (g_faults.sync_fails) {
    errno = EIO;
    return -1;
  }
  return real(fd);
}
