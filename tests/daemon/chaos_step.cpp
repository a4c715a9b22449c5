// Stands in for iiab-cmdsrv-step in tests of the daemon: steps as nasty as they come. `test-job KSS`: kind K, SS
// hundredths of a second; what follows the point only tells two Commands apart.
//
// Every process of a run holds the job's lock file open and locked, and each run tries to lock it anew: a step that
// begins while anything of an earlier run lives is seen, whatever became of the processes in between.
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "daemon/chaos_kinds.hpp"

namespace cmdsrv::test {
namespace {

std::string g_job;
std::string g_directory;

void Note(const char* what) {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  char line[200];
  const int size = std::snprintf(line, sizeof line, "%s %s %lld\n", g_job.c_str(), what,
                                 static_cast<long long>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000);
  const int log = open((g_directory + "/log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  [[maybe_unused]] const ssize_t written = write(log, line, static_cast<size_t>(size));
  close(log);
}

void SleepFor(long hundredths) {
  timespec left{hundredths / 100, hundredths % 100 * 10'000'000};
  while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) != 0) {
  }
}

void LockOrTell() {
  const int lock = open((g_directory + "/" + g_job + ".lock").c_str(), O_RDWR | O_CREAT, 0600);
  if (flock(lock, LOCK_EX | LOCK_NB) != 0) Note("doubled");
}

[[noreturn]] void LiveOn() {
  for (;;) SleepFor(100'000);
}

/// Two forks and a session of its own: it has nothing more to do with its step.
void ForkAway(bool deaf) {
  if (fork() != 0) return;
  setsid();
  if (fork() != 0) _exit(0);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::signal(signal, deaf ? SIG_IGN : SIG_DFL);
  LiveOn();
}

void Print(long megabytes) {
  std::string block;
  while (block.size() < 60'000) block += "this line is one of very many that nobody will ever read\n";
  for (long written = 0; written < megabytes << 20U;) {
    const ssize_t size = write(1, block.data(), block.size());
    if (size <= 0) return;
    written += size;
  }
}

int Act(Kind kind, long hundredths) {
  switch (kind) {
    case Kind::Well: SleepFor(hundredths); return 0;
    case Kind::Fails: SleepFor(hundredths); return 3;
    case Kind::LeavesChild:
      ForkAway(false);
      SleepFor(hundredths);
      return 0;
    case Kind::Stubborn:
      for (const int signal : {SIGINT, SIGTERM}) ::signal(signal, SIG_IGN);
      ForkAway(true);
      if (fork() == 0) LiveOn();
      Note("stubborn");
      LiveOn();
    case Kind::Prints: Print(200); return 0;
    case Kind::ClosesOutput:
      close(1);
      close(2);
      SleepFor(hundredths);
      return 0;
    case Kind::Crashes: {
      const rlimit none{0, 0};
      setrlimit(RLIMIT_CORE, &none);
      SleepFor(hundredths);
      ::raise(SIGSEGV);
      return 0;
    }
    case Kind::Brood:
      for (int i = 0; i < 10; ++i) ForkAway(i % 2 == 0);
      SleepFor(hundredths);
      return 1;
  }
  return 99;
}

int Main(const char* value) {
  const char* run = std::getenv("CMDSRV_RUN");  // …/job-12.run
  const char* root = std::getenv("CMDSRV_ROOT");
  if (run == nullptr || root == nullptr) return 98;
  const char* number = std::strrchr(run, '-');
  g_job = number == nullptr ? "?" : std::to_string(std::atol(number + 1));
  g_directory = std::string(root) + "/var/chaos";
  LockOrTell();
  Note("begin");
  const auto code = static_cast<long>(std::atof(value));
  const int status = Act(static_cast<Kind>(code / 100), code % 100);
  Note("end");
  return status;
}

}  // namespace
}  // namespace cmdsrv::test

int main(int count, char** values) { return count == 3 ? cmdsrv::test::Main(values[2]) : 97; }
