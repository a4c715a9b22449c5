#pragma once

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <utility>

namespace cmdsrv {

/// While it lives, this process ignores the given signals and the two (32 and 33) that libc keeps for its threads, as a
/// process does that was started by a libc's posix_spawn. The kernel is asked itself; libc would refuse.
class IgnoredSignals {
 public:
  explicit IgnoredSignals(int signal) : saved_{{{signal, {}}, {32, {}}, {33, {}}}} {
    // The kernel's structure begins with the handler on every architecture that we build for; the rest is zero.
    const KernelAction ignore{1};
    for (auto& [number, before] : saved_) Exchange(number, &ignore, &before);
  }
  ~IgnoredSignals() {
    for (const auto& [number, before] : saved_) Exchange(number, &before, nullptr);
  }
  IgnoredSignals(const IgnoredSignals&) = delete;
  IgnoredSignals& operator=(const IgnoredSignals&) = delete;

 private:
  using KernelAction = std::array<unsigned long, 8>;
  static void Exchange(int number, const KernelAction* now, KernelAction* before) {
    ::syscall(SYS_rt_sigaction, number, now, before, (NSIG - 1) / 8UL);
  }
  std::array<std::pair<int, KernelAction>, 3> saved_;
};

}  // namespace cmdsrv
