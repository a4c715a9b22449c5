#include "steps/program.hpp"

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "platform/spawn.hpp"

namespace cmdsrv {
namespace {

using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;

constexpr milliseconds kGrace{3000};
constexpr std::size_t kLongestLine = 4096;

sigset_t EndSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
  return signals;
}

/// Collects bytes to lines. A line without end is cut, so that a program cannot fill our memory.
class Lines {
 public:
  explicit Lines(const std::function<void(std::string_view)>& on_line) : on_line_(on_line) {}
  void Add(std::string_view bytes) {
    for (const char c : bytes) {
      if (c == '\n' || c == '\r') {
        Flush();
      } else if (line_.size() < kLongestLine) {
        line_ += c;
      }
    }
  }
  void Flush() {
    if (!line_.empty() && on_line_) on_line_(line_);
    line_.clear();
  }

 private:
  const std::function<void(std::string_view)>& on_line_;
  std::string line_;
};

class Run {
 public:
  Run(const Watch& watch, EndRequests& requests, SpawnedProcess process, UniqueFd output)
      : watch_(watch),
        requests_(requests),
        process_(std::move(process)),
        output_(std::move(output)),
        lines_(watch.on_line),
        output_open_(!watch.own_output) {}

  ProgramEnd ToTheEnd() {
    auto next_second = Steady::now() + milliseconds(1000);
    while (!ended_) {
      Wait(std::min(next_second, kill_at_));
      if (Steady::now() >= kill_at_) Signal(SIGKILL);
      if (Steady::now() < next_second) continue;
      next_second += milliseconds(1000);
      if (!end_.stopped && watch_.on_second && !watch_.on_second()) Stop();
    }
    ReadOutput();
    lines_.Flush();
    Reap();
    return end_;
  }

 private:
  void Wait(Steady::time_point until) {
    const auto left = std::chrono::ceil<milliseconds>(until - Steady::now());
    std::array<pollfd, 3> waits{{{process_.pidfd.Get(), POLLIN, 0},
                                 {output_open_ ? output_.Get() : -1, POLLIN, 0},
                                 {end_.asked ? -1 : requests_.Descriptor(), POLLIN, 0}}};
    if (::poll(waits.data(), waits.size(), static_cast<int>(std::clamp<long long>(left.count(), 0, 1000))) <= 0) return;
    if (waits[1].revents != 0) ReadOutput();
    if (waits[2].revents != 0 && requests_.WaitFor(milliseconds(0))) {
      end_.asked = true;
      Stop();
    }
    if (waits[0].revents != 0) ended_ = true;
  }

  void ReadOutput() {
    std::array<char, 16384> piece;
    for (int pieces = 0; output_open_ && pieces < 64; ++pieces) {
      const ssize_t got = ::read(output_.Get(), piece.data(), piece.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return;  // nothing at the moment
      if (got == 0) output_open_ = false;
      lines_.Add({piece.data(), static_cast<std::size_t>(got)});
    }
  }

  void Stop() {
    end_.stopped = true;
    Signal(SIGTERM);
    kill_at_ = Steady::now() + kGrace;
  }

  /// The leader is not reaped yet, so its group is still its own.
  void Signal(int signal) {
    ::kill(-process_.pid, signal);
    if (signal == SIGKILL) kill_at_ = Steady::time_point::max();
  }

  void Reap() {
    Signal(SIGKILL);
    int status = 0;
    while (::waitpid(process_.pid, &status, 0) < 0 && errno == EINTR) continue;
    end_.exited = WIFEXITED(status);
    if (WIFEXITED(status)) end_.status = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) end_.signal = WTERMSIG(status);
  }

  const Watch& watch_;
  EndRequests& requests_;
  SpawnedProcess process_;
  UniqueFd output_;
  Lines lines_;
  ProgramEnd end_;
  Steady::time_point kill_at_ = Steady::time_point::max();
  bool output_open_;
  bool ended_ = false;
};

}  // namespace

EndRequests::EndRequests() {
  const sigset_t signals = EndSignals();
  sigprocmask(SIG_BLOCK, &signals, &before_);
  fd_.Reset(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
}

EndRequests::~EndRequests() { sigprocmask(SIG_SETMASK, &before_, nullptr); }

bool EndRequests::WaitFor(milliseconds time) {
  if (signal_ != 0) return true;
  const auto end = Steady::now() + time;
  for (;;) {
    signalfd_siginfo info{};
    if (::read(fd_.Get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
      signal_ = static_cast<int>(info.ssi_signo);
      return true;
    }
    const auto left = std::chrono::ceil<milliseconds>(end - Steady::now());
    if (left.count() <= 0) return false;
    pollfd wait{fd_.Get(), POLLIN, 0};
    ::poll(&wait, 1, static_cast<int>(std::min<long long>(left.count(), 60'000)));
  }
}

void EndRequests::EndIfAsked() {
  if (!WaitFor(milliseconds(0))) return;
  ::signal(signal_, SIG_DFL);
  ::raise(signal_);
  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, signal_);
  sigprocmask(SIG_UNBLOCK, &one, nullptr);
}

Result<ProgramEnd> RunWatched(const Context& context, const std::vector<std::string>& argv, const Watch& watch,
                              EndRequests& requests) {
  auto pipe = MakePolledPipe();
  if (!pipe) return Failure(pipe.error());
  const auto nothing = OpenNothing();
  if (!nothing) return Failure(nothing.error());
  std::vector<int> descriptors{nothing->Get(), pipe->write.Get(), pipe->write.Get()};
  if (watch.own_output) descriptors = {nothing->Get(), STDOUT_FILENO, STDERR_FILENO};
  descriptors.insert(descriptors.end(), watch.descriptors.begin(), watch.descriptors.end());
  auto process = Spawn({.argv = argv,
                        .environment = context.environment,
                        .directory = watch.directory,
                        .descriptors = std::move(descriptors)});
  if (!process) return Failure(process.error());
  pipe->write.Reset();
  if (watch.on_start) watch.on_start(process->pid);
  return Run(watch, requests, *std::move(process), std::move(pipe->read)).ToTheEnd();
}

std::string Describe(const ProgramEnd& end) {
  return end.exited ? fmt::format("exit status {}", end.status) : DescribeSignal(end.signal);
}

}  // namespace cmdsrv
