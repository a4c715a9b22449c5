// For tests: LD_PRELOAD this, and the program is killed just before the n-th call (DIE_AT_CALL) that changes the file
// system in a way that others can see, or in the middle of the n-th write to a file (DIE_AT_WRITE): half of the bytes
// are in it then. What the C library writes out of its own buffers is not seen.
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

namespace {

long NumberFrom(const char* variable) {
  const char* const text = getenv(variable);
  return text != nullptr ? atol(text) : 0;
}

/// True once, when the number has been counted down.
bool IsIt(long& left) { return left > 0 && --left == 0; }

void Count() {
  static long left = NumberFrom("DIE_AT_CALL");
  if (IsIt(left)) kill(getpid(), SIGKILL);
}

/// What goes to a pipe is no file.
bool IsTheWrite(int file) {
  static long left = NumberFrom("DIE_AT_WRITE");
  struct stat facts {};
  return left > 0 && fstat(file, &facts) == 0 && S_ISREG(facts.st_mode) && IsIt(left);
}

template <class Function>
Function Next(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

}  // namespace

// NOLINTBEGIN(bugprone-macro-parentheses, readability-inconsistent-declaration-parameter-name): whole declarations
#define WRAP(result, name, parameters, arguments)               \
  extern "C" result name parameters {                           \
    Count();                                                    \
    static const auto next = Next<result(*) parameters>(#name); \
    return next arguments;                                      \
  }

WRAP(int, rename, (const char* from, const char* to) noexcept, (from, to))
WRAP(int, renameat2, (int from_at, const char* from, int to_at, const char* to, unsigned flags) noexcept,
     (from_at, from, to_at, to, flags))
WRAP(int, linkat, (int from_at, const char* from, int to_at, const char* to, int flags) noexcept,
     (from_at, from, to_at, to, flags))
WRAP(int, link, (const char* from, const char* to) noexcept, (from, to))
WRAP(int, unlink, (const char* path) noexcept, (path))
WRAP(int, unlinkat, (int at, const char* path, int flags) noexcept, (at, path, flags))
WRAP(int, renameat, (int from_at, const char* from, int to_at, const char* to) noexcept, (from_at, from, to_at, to))
WRAP(int, mkdirat, (int at, const char* path, mode_t mode) noexcept, (at, path, mode))
WRAP(int, rmdir, (const char* path) noexcept, (path))
WRAP(int, mkdir, (const char* path, mode_t mode) noexcept, (path, mode))
WRAP(int, fsync, (int file), (file))

#define WRAP_WRITE(name, parameters, arguments, half)            \
  extern "C" ssize_t name parameters {                           \
    static const auto next = Next<ssize_t(*) parameters>(#name); \
    if (IsTheWrite(file)) {                                      \
      [[maybe_unused]] const ssize_t written = next half;        \
      kill(getpid(), SIGKILL);                                   \
    }                                                            \
    return next arguments;                                       \
  }

WRAP_WRITE(write, (int file, const void* data, size_t size), (file, data, size), (file, data, size / 2))
WRAP_WRITE(pwrite, (int file, const void* data, size_t size, off_t at), (file, data, size, at),
           (file, data, size / 2, at))
WRAP_WRITE(pwrite64, (int file, const void* data, size_t size, off64_t at), (file, data, size, at),
           (file, data, size / 2, at))
WRAP_WRITE(writev, (int file, const iovec* parts, int count), (file, parts, count), (file, parts, count / 2))
WRAP_WRITE(copy_file_range, (int from, off64_t* from_at, int file, off64_t* at, size_t size, unsigned flags),
           (from, from_at, file, at, size, flags), (from, from_at, file, at, size / 2, flags))
// NOLINTEND(bugprone-macro-parentheses, readability-inconsistent-declaration-parameter-name)
