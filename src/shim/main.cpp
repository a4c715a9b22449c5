// Supervises one step of a job and outlives the server that started it. The life of a run is told in
// platform/shim_process.hpp, what is written down in base/run_record.hpp.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <initializer_list>

#include "shim/arguments.hpp"
#include "shim/record.hpp"
#include "shim/step.hpp"
#include "shim/supervisor.hpp"

extern "C" char __executable_start;  // NOLINT: the linker's names for the borders of the program's code
extern "C" char etext;               // NOLINT

namespace cmdsrv::shim {
namespace {

// Where the daemon puts the descriptors; platform/shim_process.cpp has the same numbers.
constexpr int kRecord = 3;
constexpr int kOutput = 4;
constexpr int kServer = 5;  // one byte is the go; its end means that the server is gone

enum Exit { kDone = 0, kUsage = 2, kNoRecord = 3 };

/// "shim-job-41" in ps and top.
void NameProcess(std::int64_t job) {
  char name[16] = "shim-job-";
  char digits[20];
  int count = 0;
  for (; job > 0; job /= 10) digits[count++] = static_cast<char>('0' + job % 10);
  std::size_t length = std::strlen(name);
  while (count > 0 && length < sizeof name - 1) name[length++] = digits[--count];
  name[length] = '\0';
  prctl(PR_SET_NAME, name);
}

/// Only SIGTERM means something, and it is read from a descriptor; nothing but SIGKILL ends the shim before the step.
int ListenToSignals() {
  struct sigaction action {};
  action.sa_handler = SIG_IGN;
  for (int signal = 1; signal < NSIG; ++signal) {
    const bool fault =
        signal == SIGSEGV || signal == SIGBUS || signal == SIGFPE || signal == SIGILL || signal == SIGABRT;
    if (!fault && signal != SIGCHLD && signal != SIGTERM) sigaction(signal, &action, nullptr);
  }
  action.sa_handler = SIG_DFL;  // an inherited "ignore" for SIGCHLD would reap our children behind our back
  sigaction(SIGCHLD, &action, nullptr);
  sigset_t heard;
  sigemptyset(&heard);
  sigaddset(&heard, SIGTERM);
  sigaddset(&heard, SIGCHLD);
  sigprocmask(SIG_SETMASK, &heard, nullptr);
  return signalfd(-1, &heard, SFD_CLOEXEC | SFD_NONBLOCK);
}

/// Code that only the start needs is most of a static program. Its pages are clean and come back from the page cache
/// when they are touched; until then a shim that waits for hours costs a few of them and not all.
void ForgetStartup() {
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  const auto size = reinterpret_cast<std::uintptr_t>(&etext) - reinterpret_cast<std::uintptr_t>(&__executable_start);
  madvise(&__executable_start, size & ~(page - 1), MADV_DONTNEED);
}

enum class Word { Go, Cancel, ServerGone };

Word WaitForGo(int signals) {
  for (;;) {
    pollfd watched[] = {{kServer, POLLIN, 0}, {signals, POLLIN, 0}};
    if (poll(watched, 2, -1) < 0) continue;
    signalfd_siginfo heard{};
    while (read(signals, &heard, sizeof heard) == static_cast<ssize_t>(sizeof heard)) {
      if (heard.ssi_signo == SIGTERM) return Word::Cancel;
    }
    if (watched[0].revents == 0) continue;
    char byte = 0;
    const ssize_t size = read(kServer, &byte, 1);
    if (size == 1) return Word::Go;
    if (size == 0 || (errno != EINTR && errno != EAGAIN)) return Word::ServerGone;
  }
}

bool ServerIsGone() {
  pollfd watched{kServer, 0, 0};
  return poll(&watched, 1, 0) < 0 || watched.revents != 0;
}

RunPhase RunStep(const Arguments& arguments, RunRecord& record, int signals) {
  Step step;
  StartFailure failure{};
  if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) {
    failure = {StartStage::Session, errno};
  } else if (StartStep(arguments, step, failure)) {
    record.step_pid = step.pid;
    record.started_unix_ms = UnixMilliseconds();
    static_cast<volatile RunRecord&>(record).phase = RunPhase::Running;
    ForgetStartup();
    return Supervisor(record, step, signals, kOutput, arguments.cancel_grace_ms).WatchToTheEnd();
  }
  record.stage = failure.stage;
  record.error_number = failure.error_number;
  return RunPhase::StartFailed;
}

int Main(int count, char** values) {
  Arguments arguments;
  if (!ParseArguments(count, values, arguments)) {
    constexpr char kHelp[] =
        "usage: iiab-cmdsrv-shim --job N --attempt N --cwd DIR [--low] [--cancel-grace MS] -- ARGV...\n"
        "(started by iiab-cmdsrv with a run record, an output file and a line to it as descriptors 3, 4, 5)\n";
    [[maybe_unused]] const ssize_t written = write(2, kHelp, sizeof kHelp - 1);
    return kUsage;
  }
  RunRecord* record = MapRecord(kRecord);
  if (record == nullptr) return kNoRecord;
  for (const int descriptor : {kRecord, kOutput, kServer}) fcntl(descriptor, F_SETFD, FD_CLOEXEC);  // not for the step
  NameProcess(arguments.job);
  const int signals = ListenToSignals();
  if (getsid(0) != getpid()) setsid();  // the server has done so; this is for a start by hand
  const Word word = WaitForGo(signals);
  record->cancelled = word == Word::Cancel ? 1 : 0;
  FinishRecord(*record, word == Word::Go ? RunStep(arguments, *record, signals) : RunPhase::NeverBegan);
  // A living server reads the record at once and commits the end to its database. Only when it is gone must the record
  // last by itself: a commit per job of a file that is deleted a moment later costs time and wears out SD cards.
  if (ServerIsGone()) CommitRecord(kRecord);
  return kDone;
}

}  // namespace
}  // namespace cmdsrv::shim

int main(int count, char** values) { return cmdsrv::shim::Main(count, values); }
