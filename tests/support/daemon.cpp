#include "support/daemon.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>

#include "support/files.hpp"

namespace cmdsrv::test {
namespace {

using std::chrono::steady_clock;

constexpr const char* kReadyFile = "/run/iiab-cmdsrv-ready";

/// Only async-signal-safe calls: between fork and exec of a program that may have threads.
[[noreturn]] void Become(char* const* argv, int output) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int input = ::open("/dev/null", O_RDONLY);
  ::dup2(input, 0);
  ::dup2(output, 1);
  ::dup2(output, 2);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execv(argv[0], argv);
  ::_exit(127);
}

Result<pid_t> Spawn(const std::vector<std::string>& arguments, const std::string& output_file) {
  const UniqueFd output(::open(output_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!output) return FailFromErrno(errno, "open " + output_file);
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid < 0) return FailFromErrno(errno, "fork");
  if (pid == 0) Become(argv.data(), output.Get());
  return pid;
}

int MillisecondsUntil(steady_clock::time_point end) {
  const auto left = std::chrono::ceil<milliseconds>(end - steady_clock::now()).count();
  return static_cast<int>(left > 0 ? left : 0);
}

/// True when the file is there, false when the process ended or time is up.
bool WaitForFile(const std::string& path, int watch, int pidfd, steady_clock::time_point end) {
  std::array<pollfd, 2> waits = {pollfd{watch, POLLIN, 0}, pollfd{pidfd, POLLIN, 0}};
  while (!Exists(path)) {
    const int ready = ::poll(waits.data(), waits.size(), MillisecondsUntil(end));
    if (ready == 0 || (ready > 0 && waits[1].revents != 0)) return Exists(path) && waits[1].revents == 0;
    std::array<char, 4096> events{};
    if (waits[0].revents != 0 && ::read(watch, events.data(), events.size()) < 0) return false;
  }
  return true;
}

}  // namespace

std::string BuiltProgram(const std::string& name) { return std::string(CMDSRV_BUILD_DIR) + "/" + name; }

Result<Daemon> Daemon::Start(const std::string& root, const std::vector<std::string>& more_arguments,
                             milliseconds deadline, const std::string& program) {
  static std::atomic<int> count{0};
  Daemon daemon;
  daemon.root_ = root;
  daemon.socket_ = root + "/run/cmdsrv_sock";
  daemon.output_file_ = fmt::format("{}/var/log/daemon-{}.txt", root, ++count);
  daemon.arguments_ = {program, "--root", root, "--foreground"};
  daemon.arguments_.insert(daemon.arguments_.end(), more_arguments.begin(), more_arguments.end());

  const std::string ready_file = root + kReadyFile;
  ::unlink(ready_file.c_str());  // a killed one leaves it behind, and we wait for the new one
  const UniqueFd watch(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  ::inotify_add_watch(watch.Get(), (root + "/run").c_str(), IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE);

  const auto pid = Spawn(daemon.arguments_, daemon.output_file_);
  if (!pid) return Failure(pid.error());
  daemon.pid_ = *pid;
  daemon.pidfd_ = UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, *pid, 0)));
  const auto end = steady_clock::now() + Patiently(deadline);
  if (WaitForFile(ready_file, watch.Get(), daemon.pidfd_.Get(), end)) return daemon;
  const bool running = daemon.IsRunning();
  return Fail(running ? ErrorCode::Timeout : ErrorCode::Unavailable, "{} {} before it was ready; it printed:\n{}",
              daemon.arguments_[0], running ? "was too slow" : "ended", daemon.Printed());
}

Daemon::Daemon(Daemon&& other) noexcept { *this = std::move(other); }

Daemon& Daemon::operator=(Daemon&& other) noexcept {
  if (this == &other) return *this;
  End();
  root_ = std::move(other.root_);
  socket_ = std::move(other.socket_);
  output_file_ = std::move(other.output_file_);
  arguments_ = std::move(other.arguments_);
  pid_ = std::exchange(other.pid_, 0);
  pidfd_ = std::move(other.pidfd_);
  end_ = other.end_;
  return *this;
}

Daemon::~Daemon() { End(); }

void Daemon::End() {
  if (pid_ != 0 && IsRunning()) Kill9();
  pid_ = 0;
}

void Daemon::Kill9() {
  if (!IsRunning()) return;
  ::syscall(SYS_pidfd_send_signal, pidfd_.Get(), SIGKILL, nullptr, 0);
  (void)WaitForEnd(seconds(30));
}

Result<ProcessEnd> Daemon::Terminate(milliseconds deadline) {
  if (IsRunning()) ::syscall(SYS_pidfd_send_signal, pidfd_.Get(), SIGTERM, nullptr, 0);
  return WaitForEnd(deadline);
}

Result<ProcessEnd> Daemon::WaitForEnd(milliseconds deadline) {
  if (end_) return *end_;
  if (pid_ == 0) return Fail(ErrorCode::Internal, "this daemon was never started");
  pollfd wait = {pidfd_.Get(), POLLIN, 0};
  const auto end = steady_clock::now() + Patiently(deadline);
  int ready = 0;
  do {
    ready = ::poll(&wait, 1, MillisecondsUntil(end));
  } while (ready < 0 && errno == EINTR);
  if (ready == 0) return Fail(ErrorCode::Timeout, "the daemon still runs; it printed:\n{}", Printed());
  int status = 0;
  if (::waitpid(pid_, &status, 0) != pid_) return FailFromErrno(errno, "wait for the daemon");
  end_ = ProcessEnd{WIFEXITED(status), WIFEXITED(status) ? WEXITSTATUS(status) : 0,
                    WIFSIGNALED(status) ? WTERMSIG(status) : 0};
  return *end_;
}

Result<void> Daemon::Restart(milliseconds deadline) {
  End();
  auto next = Start(root_, {arguments_.begin() + 4, arguments_.end()}, deadline, arguments_[0]);
  if (!next) return Failure(next.error());
  *this = std::move(*next);
  return {};
}

bool Daemon::IsRunning() {
  if (pid_ == 0 || end_) return false;
  return !WaitForEnd(milliseconds(0));
}

std::string Daemon::Printed() const { return ReadText(output_file_).value_or(""); }

bool Daemon::Prints(std::string_view text, milliseconds deadline) const {
  return WaitUntil([&] { return Printed().find(text) != std::string::npos; }, deadline);
}

}  // namespace cmdsrv::test
