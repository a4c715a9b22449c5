// Loaded into rsync before libc: a stick that is pulled out while it is read or written. PULLED_OUT names its
// directory; after PULLED_OUT_AFTER bytes nothing of it can be read or written any more, as of a device that is gone.
#include <dlfcn.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

bool IsOnStick(int file) {
  const char* stick = std::getenv("PULLED_OUT");
  char link[64];
  char path[4096];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  const ssize_t size = ::readlink(link, path, sizeof path);
  return stick != nullptr && size > 0 && static_cast<std::size_t>(size) >= std::strlen(stick) &&
         std::strncmp(path, stick, std::strlen(stick)) == 0;
}

/// True when it is gone by now.
bool Count(int file, std::size_t size) {
  if (!IsOnStick(file)) return false;
  static const char* const text = std::getenv("PULLED_OUT_AFTER");
  static long left = text != nullptr ? std::atol(text) : 0;
  left -= static_cast<long>(size);
  return left < 0;
}

template <class Function>
Function Real(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" ssize_t read(int file, void* bytes, size_t size) {
  if (!Count(file, size)) return Real<ssize_t (*)(int, void*, size_t)>("read")(file, bytes, size);
  errno = EIO;
  return -1;
}

extern "C" ssize_t write(int file, const void* bytes, size_t size) {
  if (!Count(file, size)) return Real<ssize_t (*)(int, const void*, size_t)>("write")(file, bytes, size);
  errno = EIO;
  return -1;
}
