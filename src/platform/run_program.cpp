#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

#include "platform/process.hpp"
#include "platform/spawn.hpp"

namespace cmdsrv {
namespace {

using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;

constexpr milliseconds kTermGrace{2000};
constexpr milliseconds kKillGrace{2000};  // longer only for a process that hangs inside the kernel

// More than the pipes hold. A left-over daemon that prints without end must not keep us.
constexpr int kMostPiecesAfterTheEnd = 256;

/// Nothing to deadlock on, no SIGPIPE when the program does not read, and the text never reaches a disk.
Result<UniqueFd> InputFor(std::string_view text, const std::string& program) {
  if (text.empty()) return OpenNothing();
  UniqueFd memory(::memfd_create("input", MFD_CLOEXEC));
  if (!memory) return FailFromErrno(errno, "make the input of " + program);
  while (!text.empty()) {
    const ssize_t written = ::write(memory.Get(), text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return FailFromErrno(errno, "make the input of " + program);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  ::lseek(memory.Get(), 0, SEEK_SET);
  return memory;
}

/// One program under way.
class Run {
 public:
  Run(SpawnedProcess process, UniqueFd output, UniqueFd errors, const RunOptions& options)
      : process_(std::move(process)),
        output_(std::move(output)),
        errors_(std::move(errors)),
        room_(options.output_limit),
        cancel_fd_(options.cancel_fd),
        began_(Steady::now()),
        stage_ends_(began_ + options.deadline) {}

  RunOutcome Finish() {
    while (!IsOver()) Wait();
    for (int i = 0; i < kMostPiecesAfterTheEnd && (Take(output_, outcome_.output) || Take(errors_, outcome_.errors));
         ++i) {
    }
    outcome_.timed_out = stage_ != Stage::Running;
    outcome_.ran = std::chrono::duration_cast<milliseconds>(ended_.value_or(Steady::now()) - began_);
    if (outcome_.timed_out) ::kill(-process_.pid, SIGKILL);  // not reaped yet, so the group's number is still its own
    Reap();
    return std::move(outcome_);
  }

 private:
  enum class Stage { Running, Terminating, Killing };

  /// A program that ends by itself may leave a daemon behind that holds its output; nobody waits for that one.
  bool IsOver() const {
    if (ended_ && stage_ == Stage::Terminating) return !output_ && !errors_;
    if (ended_) return true;
    return stage_ == Stage::Killing && Steady::now() >= stage_ends_;
  }

  void Wait() {
    std::array<pollfd, 4> watched{{{ended_ ? -1 : process_.pidfd.Get(), POLLIN, 0},
                                   {output_.Get(), POLLIN, 0},
                                   {errors_.Get(), POLLIN, 0},
                                   {stage_ == Stage::Running ? cancel_fd_ : -1, POLLIN, 0}}};
    const auto left = std::chrono::ceil<milliseconds>(stage_ends_ - Steady::now()).count();
    if (::poll(watched.data(), watched.size(), left > 0 ? static_cast<int>(std::min<long long>(left, 3'600'000)) : 0) <
        0) {
      return;
    }
    if (watched[1].revents != 0) Take(output_, outcome_.output);
    if (watched[2].revents != 0) Take(errors_, outcome_.errors);
    if (watched[0].revents != 0) ended_ = Steady::now();
    const bool cancelled = watched[3].revents != 0;
    if ((cancelled || Steady::now() >= stage_ends_) && !(ended_ && stage_ == Stage::Running)) Escalate();
  }

  void Escalate() {
    if (stage_ == Stage::Killing) return;
    const bool first = stage_ == Stage::Running;
    stage_ = first ? Stage::Terminating : Stage::Killing;
    stage_ends_ = Steady::now() + (first ? kTermGrace : kKillGrace);
    ::kill(-process_.pid, first ? SIGTERM : SIGKILL);
    ::kill(-process_.pid, SIGCONT);  // a stopped one must hear it
  }

  /// True when something was read, so that more may follow.
  bool Take(UniqueFd& pipe, std::string& text) {
    if (!pipe) return false;
    char piece[16384];
    const ssize_t size = ::read(pipe.Get(), piece, sizeof piece);
    if (size < 0) return errno == EINTR;
    if (size == 0) {
      pipe.Reset();
      return false;
    }
    const std::size_t kept = std::min(room_, static_cast<std::size_t>(size));
    text.append(piece, kept);
    room_ -= kept;
    return true;
  }

  void Reap() {
    siginfo_t info{};
    // Not blocking: a process that not even KILL ends (a dead disk) must not take this thread with it.
    if (::waitid(P_PID, static_cast<id_t>(process_.pid), &info, WEXITED | WNOHANG) != 0 || info.si_pid == 0) {
      outcome_.signal = SIGKILL;
      return;
    }
    outcome_.exited = info.si_code == CLD_EXITED;
    (outcome_.exited ? outcome_.status : outcome_.signal) = info.si_status;
  }

  SpawnedProcess process_;
  UniqueFd output_;
  UniqueFd errors_;
  std::size_t room_;
  int cancel_fd_;
  Steady::time_point began_;
  Steady::time_point stage_ends_;
  Stage stage_ = Stage::Running;
  std::optional<Steady::time_point> ended_;
  RunOutcome outcome_;
};

}  // namespace

Result<RunOutcome> RunProgram(const std::vector<std::string>& argv, const RunOptions& options) {
  auto input = InputFor(options.input, argv.empty() ? "a program" : argv[0]);
  if (!input) return Failure(input.error());
  auto output = MakePolledPipe();
  if (!output) return Failure(output.error());
  auto errors = MakePolledPipe();
  if (!errors) return Failure(errors.error());
  auto process = Spawn({.argv = argv,
                        .environment = options.environment,
                        .directory = options.directory,
                        .descriptors = {input->Get(), output->write.Get(), errors->write.Get()}});
  if (!process) return Failure(process.error());
  output->write.Reset();
  errors->write.Reset();
  return Run(std::move(*process), std::move(output->read), std::move(errors->read), options).Finish();
}

}  // namespace cmdsrv
