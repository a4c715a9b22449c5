#include "shim/step.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/signal_reset.hpp"

namespace cmdsrv::shim {
namespace {

constexpr int kBestEffort7 = (2 << 13) | 7;  // IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 7); libc has no name for it
constexpr int kIoPrioWhoProcess = 1;

/// Best effort: these files are missing in some containers, and no job should fail because of them.
void WriteProc(const char* path, const char* text) {
  const int file = open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0) return;
  [[maybe_unused]] const ssize_t written = write(file, text, std::strlen(text));
  close(file);
}

bool LowerPriority() {
  if (setpriority(PRIO_PROCESS, 0, 19) != 0) return false;
  // Where the kernel groups tasks by session (sched_autogroup), nice only counts inside the session. This makes the
  // whole session nice, which is what keeps the console quick.
  WriteProc("/proc/self/autogroup", "19");
  if (syscall(SYS_ioprio_set, kIoPrioWhoProcess, 0, kBestEffort7) == 0) return true;
  return errno == ENOSYS || errno == EPERM;  // filtered system calls of a container
}

void HearAllSignals() {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

[[noreturn]] void GiveUp(int report, StartStage stage, int error_number) {
  const StartFailure failure{stage, error_number};
  [[maybe_unused]] const ssize_t written = write(report, &failure, sizeof failure);
  _exit(127);
}

[[noreturn]] void BecomeStep(const Arguments& arguments, pid_t shim, int output, int report) {
  if (setpgid(0, 0) != 0) GiveUp(report, StartStage::Session, errno);
  // Killed together with the shim, whoever kills it: nobody would wait for the step any more.
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) GiveUp(report, StartStage::Session, errno);
  if (getppid() != shim) _exit(127);  // it died before the line above
  const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (nothing < 0 || dup2(nothing, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0) {
    GiveUp(report, StartStage::Output, errno);
  }
  // Every descriptor here is close-on-exec already; this is for one that is added later and forgotten.
  syscall(SYS_close_range, 3U, ~0U, 4U /* CLOSE_RANGE_CLOEXEC */);
  if (arguments.low_priority && !LowerPriority()) GiveUp(report, StartStage::Priority, errno);
  WriteProc("/proc/self/oom_score_adj", "0");  // the server's own protection is not the step's
  if (chdir(arguments.directory) != 0) GiveUp(report, StartStage::Directory, errno);
  umask(022);
  ResetAllSignals();
  HearAllSignals();
  execve(arguments.step[0], arguments.step, environ);
  GiveUp(report, StartStage::Exec, errno);
}

}  // namespace

bool StartStep(const Arguments& arguments, Step& step, StartFailure& failure) {
  int output[2];
  int report[2];
  if (pipe2(output, O_CLOEXEC) != 0 || pipe2(report, O_CLOEXEC) != 0) {
    failure = {StartStage::Output, errno};
    return false;
  }
  // The read ends are a file description of their own, so the step still sees a blocking pipe.
  fcntl(output[0], F_SETFL, O_NONBLOCK);
  fcntl(report[0], F_SETFL, O_NONBLOCK);
  const pid_t shim = getpid();
  const pid_t pid = fork();
  if (pid < 0) {
    failure = {StartStage::Fork, errno};
    return false;
  }
  if (pid == 0) BecomeStep(arguments, shim, output[1], report[1]);
  setpgid(pid, pid);  // here too: a signal to the group must find it, whoever of the two runs first
  close(output[1]);
  close(report[1]);
  step = {pid, output[0], report[0]};
  return true;
}

}  // namespace cmdsrv::shim
