// For tests: LD_PRELOAD this, and one system call fails where nothing else makes it fail. FAILING_CALL is its name,
// FAILING_ERRNO the reason. FAILING_PATH, if set, is a piece of the path that it is about, or of that of its
// descriptor (with a '$' behind it: their end). Calls about others do what they always do.
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace {

bool IsChosen(const char* name) {
  const char* chosen = getenv("FAILING_CALL");
  if (chosen == nullptr || strcmp(chosen, name) != 0) return false;
  errno = atoi(getenv("FAILING_ERRNO"));
  return true;
}

bool IsMeant(const char* path) {
  const char* piece = getenv("FAILING_PATH");
  if (piece == nullptr || path == nullptr) return piece == nullptr;
  const size_t size = strlen(piece);
  const size_t path_size = strlen(path);
  if (size == 0 || piece[size - 1] != '$') return strstr(path, piece) != nullptr;
  return path_size + 1 >= size && strncmp(path + (path_size + 1 - size), piece, size - 1) == 0;
}

bool IsChosen(const char* name, const char* path) { return IsMeant(path) && IsChosen(name); }

bool IsChosen(const char* name, int file) {
  char link[64];
  char path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  const int before = errno;
  const ssize_t size = readlink(link, path, sizeof path - 1);
  errno = before;
  path[size > 0 ? size : 0] = '\0';
  return IsChosen(name, path);
}

template <class Function>
Function Next(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

mode_t ModeOf(int flags, va_list arguments) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
}

}  // namespace

// NOLINTBEGIN(bugprone-macro-parentheses, readability-inconsistent-declaration-parameter-name): whole declarations
#define WRAP(result, name, parameters, arguments, chosen)       \
  extern "C" result name parameters {                           \
    if (IsChosen chosen) return static_cast<result>(-1);        \
    static const auto next = Next<result(*) parameters>(#name); \
    return next arguments;                                      \
  }

WRAP(int, pipe2, (int* ends, int flags) noexcept, (ends, flags), ("pipe2"))
WRAP(int, eventfd, (unsigned count, int flags) noexcept, (count, flags), ("eventfd"))
WRAP(int, epoll_create1, (int flags) noexcept, (flags), ("epoll_create1"))
WRAP(int, epoll_ctl, (int epoll, int what, int file, epoll_event* event) noexcept, (epoll, what, file, event),
     ("epoll_ctl"))
WRAP(int, signalfd, (int file, const sigset_t* mask, int flags) noexcept, (file, mask, flags), ("signalfd"))
WRAP(int, inotify_init1, (int flags) noexcept, (flags), ("inotify_init1"))
WRAP(int, sigprocmask, (int how, const sigset_t* set, sigset_t* old) noexcept, (how, set, old), ("sigprocmask"))
WRAP(pid_t, fork, () noexcept, (), ("fork"))
WRAP(int, listen, (int file, int backlog) noexcept, (file, backlog), ("listen"))
WRAP(int, fchmod, (int file, mode_t mode) noexcept, (file, mode), ("fchmod", file))
WRAP(int, syncfs, (int file) noexcept, (file), ("syncfs", file))
WRAP(int, fsync, (int file), (file), ("fsync", file))
WRAP(int, fstat, (int file, struct stat* facts) noexcept, (file, facts), ("fstat", file))
WRAP(ssize_t, pread, (int file, void* bytes, size_t size, off_t at), (file, bytes, size, at), ("pread", file))
WRAP(int, chmod, (const char* path, mode_t mode) noexcept, (path, mode), ("chmod", path))
WRAP(int, chown, (const char* path, uid_t user, gid_t group) noexcept, (path, user, group), ("chown", path))
WRAP(int, lchown, (const char* path, uid_t user, gid_t group) noexcept, (path, user, group), ("lchown", path))
// NOLINTEND(bugprone-macro-parentheses, readability-inconsistent-declaration-parameter-name)

extern "C" int open(const char* path, int flags, ...) {
  if (IsChosen("open", path)) return -1;
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = ModeOf(flags, arguments);
  va_end(arguments);
  static const auto next = Next<int (*)(const char*, int, ...)>("open");
  return next(path, flags, mode);
}
