#pragma once

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace cmdsrv {

/// Gives every signal its default action in the calling process; to be called between fork (or vfork) and exec, and so
/// only a row of system calls. It asks the kernel itself, because libc keeps two signals (32 and 33) for its threads
/// and refuses to touch them, yet its posix_spawn hands them down ignored: whoever was started by such a program, a
/// shell in a container for example, would pass them on to every step.
inline void ResetAllSignals() {
  // Larger than the kernel's structure on any architecture, where all zero means SIG_DFL, no flags, an empty mask.
  static constexpr unsigned long kDefault[8] = {};
  static constexpr unsigned long kMaskBytes = (NSIG - 1) / 8;
  for (int signal = 1; signal < NSIG; ++signal) {
    ::syscall(SYS_rt_sigaction, signal, kDefault, nullptr, kMaskBytes);  // SIGKILL and SIGSTOP say no, which is right
  }
}

}  // namespace cmdsrv
