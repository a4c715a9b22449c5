// Loaded into the daemon before libc: a disk that fails while a file is there. FAILING_DISK names the directory of
// these switches: "no-sync" lets every commit to the medium fail, "full" every write at a position (databases, run
// records).
#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace {

bool IsOn(const char* name) {
  const char* directory = std::getenv("FAILING_DISK");
  if (directory == nullptr) return false;
  char path[512];
  std::snprintf(path, sizeof path, "%s/%s", directory, name);
  const int before = errno;
  const bool on = ::access(path, F_OK) == 0;
  errno = before;
  return on;
}

template <class Function>
Function Real(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

int Sync(const char* name, int file) {
  if (!IsOn("no-sync")) return Real<int (*)(int)>(name)(file);
  errno = EIO;
  return -1;
}

}  // namespace

extern "C" int fdatasync(int file) { return Sync("fdatasync", file); }
extern "C" int fsync(int file) { return Sync("fsync", file); }

extern "C" ssize_t pwrite64(int file, const void* bytes, size_t size, off64_t position) {
  if (!IsOn("full")) {
    return Real<ssize_t (*)(int, const void*, size_t, off64_t)>("pwrite64")(file, bytes, size, position);
  }
  errno = ENOSPC;
  return -1;
}

extern "C" ssize_t pwrite(int file, const void* bytes, size_t size, off_t position) {
  return pwrite64(file, bytes, size, position);
}
