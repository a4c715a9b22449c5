// What a job costs in memory while it runs; bench_rows has what it costs while it waits.
//   bench_running [--running 40]
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "base/text.hpp"
#include "load.hpp"
#include "measure.hpp"
#include "support/ask.hpp"
#include "support/test_box.hpp"

namespace cmdsrv::bench {
namespace {

/// KiB of the process: "Pss:", shared pages counted in parts, or "Pss_Anon:", what is its own.
double Pss(pid_t pid, std::string_view kind = "Pss:") {
  std::ifstream file(fmt::format("/proc/{}/smaps_rollup", pid));
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(kind)) return std::strtod(line.c_str() + kind.size(), nullptr);
  }
  CannotMeasure(fmt::format("/proc/{}/smaps_rollup has no {}", pid, kind));
}

/// No two with the same number of seconds.
void Submit(const std::string& socket, double seconds) {
  const std::string command = fmt::format(R"(TEST-JOB {{"steps": [{}]}})", seconds);
  const auto reply = test::AskText(socket, command);
  if (!reply || reply->find("Scheduled") == std::string::npos) CannotMeasure(reply ? *reply : reply.error().message);
}

std::vector<pid_t> Processes(const test::TestBox& box, std::string_view program) {
  std::vector<pid_t> pids;
  for (const test::ProcessFacts& process : box.Processes()) {
    const std::string_view name = std::string_view(process.command).substr(0, process.command.find(' '));
    if (name.ends_with(program)) pids.push_back(process.pid);
  }
  return pids;
}

double PssOf(const std::vector<pid_t>& pids) {
  double sum = 0;
  for (const pid_t pid : pids) sum += Pss(pid);
  return sum / static_cast<double>(std::max<std::size_t>(1, pids.size()));
}

/// The limit of a running job: the smallest process that there is, which only waits.
double PssOfSleep() {
  char program[] = "/bin/sleep", time[] = "60";
  char* argv[] = {program, time, nullptr};
  std::vector<pid_t> pids(20);
  for (pid_t& pid : pids) {
    if (posix_spawn(&pid, program, nullptr, nullptr, argv, environ) != 0) CannotMeasure("cannot start /bin/sleep");
  }
  (void)test::WaitUntil([&] { return Pss(pids.back()) > 50; }, test::seconds(2));
  const double pss = PssOf(pids);
  for (const pid_t pid : pids) {
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
  }
  return pss;
}

int Main(int argc, char** argv) {
  const long running = NumberOption(argc, argv, "--running", 40);
  PrintHead("bench_running", "proportional memory (PSS) of running jobs");
  test::TestBox box(test::SmallBox());
  box.Configure({{"cmdsrv_max_concurrent_jobs", running}});
  const test::Daemon daemon = box.StartDaemon();
  for (long i = 0; i < 200; ++i)
    Submit(daemon.Socket(), static_cast<double>(i) * 1e-9);  // warm: buffers have their sizes
  if (!test::WaitForJobs(daemon.Socket(), 1, test::seconds(60))) CannotMeasure("200 empty jobs do not end");

  // Of the daemon what is its own: with each step that runs it shares its libraries with one more.
  const auto own = [&] { return Pss(daemon.Pid(), "Pss_Anon:"); };
  const double idle = own();
  for (long i = 0; i < running; ++i) Submit(daemon.Socket(), 3000 + static_cast<double>(i));
  const bool started = test::WaitUntil(
      [&] { return static_cast<long>(Processes(box, "iiab-cmdsrv-step").size()) == running; }, test::seconds(60));
  if (!started) CannotMeasure("not all steps run");
  const double busy = own();
  const double shim = PssOf(Processes(box, "iiab-cmdsrv-shim"));
  const double sleep = PssOfSleep();

  const double per_running = (busy - idle) / static_cast<double>(running);
  fmt::print("{:<44} {:>8.1f} KiB in the daemon, {:.0f} KiB its shim (limit: /bin/sleep, {:.0f} KiB)\n",
             fmt::format("a running job, of {}", running), per_running, shim, sleep);
  fmt::print("\n");
  GoalAtMost("a running job, daemon and shim", per_running + shim, 512, " KiB");
  return 0;
}

}  // namespace
}  // namespace cmdsrv::bench

int main(int argc, char** argv) { return cmdsrv::bench::Main(argc, argv); }
