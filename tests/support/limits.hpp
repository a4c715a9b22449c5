#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>

/// A machine that runs out of something, also for root. Of the whole test program, while one of these lives.
namespace cmdsrv::test {

/// KiB that a process keeps after use because it was built with a sanitizer, which remembers what was where.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr long kKeptBySanitizer = 400L * 1024;
#else
inline constexpr long kKeptBySanitizer = 0;
#endif

/// A limit of this process that is put back at the end.
class Limited {
 public:
  Limited(__rlimit_resource_t what, rlim_t most) : what_(what) {
    ::getrlimit(what_, &before_);
    const rlimit less{most, before_.rlim_max};
    ::setrlimit(what_, &less);
  }
  Limited(const Limited&) = delete;
  Limited& operator=(const Limited&) = delete;
  ~Limited() { ::setrlimit(what_, &before_); }

 private:
  const __rlimit_resource_t what_;
  rlimit before_{};
};

/// What is written behind this byte of a file fails, as on a full disk. Programs that are started have the limit too.
class SmallFiles {
 public:
  explicit SmallFiles(rlim_t most_bytes) : limit_(RLIMIT_FSIZE, most_bytes) { ::signal(SIGXFSZ, SIG_IGN); }

 private:
  const Limited limit_;
};

/// So many more descriptors can be opened.
class FewDescriptors {
 public:
  explicit FewDescriptors(unsigned more) : limit_(RLIMIT_NOFILE, LimitFor(more)) {}

 private:
  static rlim_t LimitFor(unsigned more) {
    int number = 0;
    for (;; ++number) {
      const bool is_free = ::fcntl(number, F_GETFD) < 0;
      if (is_free && more == 0) return static_cast<rlim_t>(number);
      more -= is_free ? 1 : 0;
    }
  }

  const Limited limit_;
};

/// There is not much more memory than what the process has now.
class LittleMemory {
 public:
  explicit LittleMemory(rlim_t more_bytes) : limit_(RLIMIT_AS, BytesNow() + more_bytes) {}

 private:
  static rlim_t BytesNow() {
    rlim_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    return pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE));
  }

  const Limited limit_;
};

}  // namespace cmdsrv::test
