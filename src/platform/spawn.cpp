#include "platform/spawn.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "base/signal_reset.hpp"

namespace cmdsrv {
namespace {

// Descriptors are first copied to here or above, so that putting one into its place never overwrites another.
constexpr int kAboveAllTargets = 16;

enum class Stage : int { Descriptors, Session, Directory, Exec };

struct Report {
  Stage stage;
  int error_number;
};

/// Everything the child needs, made ready before: between vfork and exec it may only call the kernel.
struct Child {
  char* const* argv;
  char* const* environment;
  const char* directory;
  const int* descriptors;
  int count;
  int report;
  bool new_session;
  const sigset_t* mask;
};

[[noreturn]] void GiveUp(const Child& child, Stage stage) {
  const Report report{stage, errno};
  [[maybe_unused]] const ssize_t written = ::write(child.report, &report, sizeof report);
  ::_exit(127);
}

[[noreturn]] void Become(const Child& child) {
  // A descriptor that a library opened without close-on-exec goes no further; an old kernel refuses, which is no harm.
  ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
  for (int target = 0; target < child.count; ++target) {
    if (::dup2(child.descriptors[target], target) < 0) GiveUp(child, Stage::Descriptors);
  }
  if (child.new_session ? ::setsid() < 0 : ::setpgid(0, 0) != 0) GiveUp(child, Stage::Session);
  if (::chdir(child.directory) != 0) GiveUp(child, Stage::Directory);
  ::umask(022);
  ResetAllSignals();
  ::sigprocmask(SIG_SETMASK, child.mask, nullptr);
  ::execve(child.argv[0], child.argv, child.environment);
  GiveUp(child, Stage::Exec);
}

/// The child borrows our memory until it execs, so no signal handler of ours may run in it.
[[gnu::noinline]] pid_t ForkAndBecome(const Child& child) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  // posix_spawn knows no umask and cannot tell a missing directory from a missing program.
  const pid_t pid = ::vfork();  // NOLINT(bugprone-unsafe-functions,clang-analyzer-security.insecureAPI.vfork)
  if (pid == 0) Become(child);
  const int error_number = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = error_number;
  return pid;
}

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (const auto& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));  // execve does not write to them
  pointers.push_back(nullptr);
  return pointers;
}

Result<std::vector<UniqueFd>> CopyOutOfTheWay(const std::vector<int>& descriptors) {
  std::vector<UniqueFd> copies;
  for (const int descriptor : descriptors) {
    copies.emplace_back(::fcntl(descriptor, F_DUPFD_CLOEXEC, kAboveAllTargets));
    if (!copies.back()) return FailFromErrno(errno, "copy a file descriptor for a program");
  }
  return copies;
}

/// The write end stands above all targets, so the child's dup2 cannot overwrite it.
Result<Pipe> MakeReportPipe() {
  auto pipe = MakePipe();
  if (!pipe) return pipe;
  pipe->write.Reset(::fcntl(pipe->write.Get(), F_DUPFD_CLOEXEC, kAboveAllTargets));
  if (!pipe->write) return FailFromErrno(errno, "copy a file descriptor for a program");
  return pipe;
}

Failure Explain(const Report& report, const SpawnPlan& plan) {
  const std::string& program = plan.argv[0];
  const std::string why = Reason(report.error_number);
  switch (report.stage) {
    case Stage::Descriptors: return Fail(ErrorCode::Io, "cannot start {}: file descriptors: {}", program, why);
    case Stage::Session: return Fail(ErrorCode::Io, "cannot start {}: process group: {}", program, why);
    case Stage::Directory:
      return Fail(ErrorCode::Io, "cannot start {}: its working directory {}: {}", program, plan.directory, why);
    case Stage::Exec: break;
  }
  return Fail(report.error_number == ENOENT ? ErrorCode::NotFound : ErrorCode::Io, "cannot start {}: {}", program, why);
}

void ReapFailed(pid_t pid) {
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace

Result<Pipe> MakePipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return FailFromErrno(errno, "make a pipe");
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

Result<Pipe> MakePolledPipe() {
  auto pipe = MakePipe();
  if (pipe) ::fcntl(pipe->read.Get(), F_SETFL, O_NONBLOCK);
  return pipe;
}

Result<UniqueFd> OpenNothing() {
  UniqueFd nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!nothing) return FailFromErrno(errno, "open /dev/null");
  return nothing;
}

Result<SpawnedProcess> Spawn(const SpawnPlan& plan) {
  if (plan.argv.empty()) return Fail(ErrorCode::Internal, "cannot start a program: its argument vector is empty");
  if (plan.argv[0].empty() || plan.argv[0][0] != '/') {
    return Fail(ErrorCode::NotFound, "cannot start {}: no absolute path was given", plan.argv[0]);
  }
  const auto copies = CopyOutOfTheWay(plan.descriptors);
  if (!copies) return Failure(copies.error());
  auto pipe = MakeReportPipe();
  if (!pipe) return Failure(pipe.error());

  std::vector<int> descriptors;
  for (const auto& copy : *copies) descriptors.push_back(copy.Get());
  const auto argv = Pointers(plan.argv);
  const auto environment = Pointers(plan.environment);
  sigset_t mask;
  sigemptyset(&mask);
  if (plan.hold_signals) {
    sigaddset(&mask, SIGTERM);
    sigaddset(&mask, SIGCHLD);
  }
  const pid_t pid = ForkAndBecome({argv.data(), environment.data(), plan.directory.c_str(), descriptors.data(),
                                   static_cast<int>(descriptors.size()), pipe->write.Get(), plan.new_session, &mask});
  if (pid < 0) return FailFromErrno(errno, "start " + plan.argv[0]);
  pipe->write.Reset();

  Report report{};
  ssize_t size = 0;
  while ((size = ::read(pipe->read.Get(), &report, sizeof report)) < 0 && errno == EINTR) {
  }
  if (size == static_cast<ssize_t>(sizeof report)) {
    ReapFailed(pid);
    return Explain(report, plan);
  }
  SpawnedProcess process{pid, OpenPidfd(pid)};
  if (!process.pidfd) {
    const int error_number = errno;
    ::kill(pid, SIGKILL);
    ReapFailed(pid);
    return FailFromErrno(error_number, "watch " + plan.argv[0]);
  }
  return process;
}

UniqueFd OpenPidfd(pid_t pid) { return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))); }

void SignalPidfd(int pidfd, int signal) { ::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0); }

}  // namespace cmdsrv
