#include "shim/supervisor.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "shim/descendants.hpp"
#include "shim/record.hpp"

namespace cmdsrv::shim {
namespace {

char g_piece[64 * 1024];  // a pipe's usual size; static, so that an idle shim has not even touched it

// What may still be in the pipe when nobody of ours is left to write. A stranger who was handed the write end must not
// keep the shim for ever.
constexpr int kMostPiecesAfterTheEnd = 64;

std::uint64_t Microseconds(const timeval& time) {
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000 + static_cast<std::uint64_t>(time.tv_usec);
}

void Close(int& descriptor) {
  if (descriptor >= 0) close(descriptor);
  descriptor = -1;
}

}  // namespace

RunPhase Supervisor::WatchToTheEnd() {
  while (ReapChildren()) {
    if (step_ended_ && stage_ == Stage::Working) Enter(Stage::Kill);
    Wait();
  }
  TakeReport();
  for (int pieces = 0; pieces < kMostPiecesAfterTheEnd && TakeOutput(); ++pieces) {
  }
  return record_.stage == StartStage::None ? RunPhase::Ended : RunPhase::StartFailed;
}

/// -1 for ever: an idle shim sleeps until the step does something.
int Supervisor::TimeoutMs() const {
  if (stage_ == Stage::Working || (stage_ == Stage::Kill && !look_again_)) return -1;
  const std::int64_t left = (stage_ == Stage::Kill ? next_look_ms_ : stage_ends_ms_) - MonotonicMilliseconds();
  return left > 0 ? static_cast<int>(left) : 0;
}

void Supervisor::Wait() {
  pollfd watched[] = {{signals_, POLLIN, 0}, {step_.output, POLLIN, 0}, {step_.report, POLLIN, 0}};
  if (poll(watched, 3, TimeoutMs()) < 0) return;
  if (watched[2].revents != 0) TakeReport();
  if (watched[1].revents != 0) TakeOutput();
  if (watched[0].revents != 0) TakeSignals();
  if (TimeoutMs() != 0) return;
  switch (stage_) {
    case Stage::Working: break;
    case Stage::Interrupt: Enter(Stage::Terminate); break;
    case Stage::Terminate: Enter(Stage::Kill); break;
    case Stage::Kill: KillAgain(); break;
  }
}

void Supervisor::TakeSignals() {
  signalfd_siginfo heard[8];
  const ssize_t size = read(signals_, heard, sizeof heard);
  for (ssize_t i = 0; i * static_cast<ssize_t>(sizeof heard[0]) < size; ++i) {
    if (heard[i].ssi_signo != SIGTERM || stage_ != Stage::Working) continue;
    ReapChildren();  // a step that has ended by itself was not cancelled
    if (step_ended_) continue;
    record_.cancelled = 1;
    Enter(Stage::Interrupt);
  }
}

void Supervisor::Enter(Stage stage) {
  stage_ = stage;
  stage_ends_ms_ = MonotonicMilliseconds() + grace_ms_;
  if (stage == Stage::Kill) {
    KillAgain();
  } else {
    Signal(stage == Stage::Interrupt ? SIGINT : SIGTERM);
  }
}

/// A look through /proc grows with the number of processes, so with a thousand children it must not follow each end.
void Supervisor::KillAgain() {
  look_again_ = false;
  const std::int64_t began = MonotonicMilliseconds();
  Signal(SIGKILL);
  const std::int64_t ended = MonotonicMilliseconds();
  next_look_ms_ = ended + 2 + 2 * (ended - began);
}

void Supervisor::Signal(int number) {
  if (step_ended_) {  // its group's number may belong to somebody else by now
    SignalDescendants(number, 0);
    return;
  }
  kill(-step_.pid, number);
  kill(-step_.pid, SIGCONT);  // a stopped one must hear it
  SignalDescendants(number, step_.pid);
}

/// False when there is no child left.
bool Supervisor::ReapChildren() {
  for (;;) {
    int status = 0;
    rusage usage{};
    const pid_t pid = wait4(-1, &status, WNOHANG | __WALL, &usage);
    if (pid < 0 && errno == EINTR) continue;
    if (pid < 0) return false;
    if (pid == 0) return true;
    look_again_ = true;  // the children of one that was killed while it forked are ours now
    NoteEnd(pid, status);
    record_.cpu_us += Microseconds(usage.ru_utime) + Microseconds(usage.ru_stime);
    const auto rss = static_cast<std::uint64_t>(usage.ru_maxrss);
    if (rss > record_.max_rss_kib) record_.max_rss_kib = rss;
  }
}

void Supervisor::NoteEnd(pid_t pid, int status) {
  if (pid == step_.pid && !step_ended_) {
    step_ended_ = true;
    record_.exit_kind = WIFSIGNALED(status) ? RunExit::Signal : RunExit::Status;
    record_.exit_value = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
  } else if (step_ended_ && WIFSIGNALED(status)) {
    ++record_.leftovers;
  }
}

void Supervisor::TakeReport() {
  if (step_.report < 0) return;
  StartFailure failure{};
  const ssize_t size = read(step_.report, &failure, sizeof failure);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size == static_cast<ssize_t>(sizeof failure)) {
    record_.stage = failure.stage;
    record_.error_number = failure.error_number;
  }
  Close(step_.report);
}

/// One piece from the pipe into the file; false when there was none.
bool Supervisor::TakeOutput() {
  if (step_.output < 0) return false;
  const ssize_t size = read(step_.output, g_piece, sizeof g_piece);
  if (size < 0) return errno == EINTR;
  if (size == 0) {  // the step has closed its output early; it may still run for hours
    Close(step_.output);
    return false;
  }
  output_.Append(g_piece, static_cast<std::size_t>(size));
  static_cast<volatile RunRecord&>(record_).output_total = output_.Total();  // after the bytes: a reader finds them
  return true;
}

}  // namespace cmdsrv::shim
