// For tests: LD_PRELOAD this, and the program is killed just before the n-th call (DIE_AT_CALL) that changes the file
// system in a way that others can see.
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

void Count() {
  static const char* const text = getenv("DIE_AT_CALL");
  static long left = text != nullptr ? atol(text) : 0;
  if (left == 0) return;
  --left;
  if (left == 0) kill(getpid(), SIGKILL);
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
// NOLINTEND(bugprone-macro-parentheses, readability-inconsistent-declaration-parameter-name)
