// Proportional memory of the daemon (idle, and after many Commands) and of a shim, and what an idle daemon does.
//   bench_memory [--seconds 60] [--commands 100000]
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <thread>

#include "base/text.hpp"
#include "load.hpp"
#include "measure.hpp"
#include "support/ask.hpp"
#include "support/run.hpp"
#include "support/test_box.hpp"

namespace cmdsrv::bench {
namespace {

constexpr std::chrono::seconds kSettle{3};  // the last Commands are written to the database up to 200 ms later

/// KiB of the process, shared pages counted in parts.
double Pss(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/smaps_rollup", pid));
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("Pss:")) return std::strtod(line.c_str() + 4, nullptr);
  }
  CannotMeasure(fmt::format("/proc/{}/smaps_rollup has no Pss", pid));
}

double Swap(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/smaps_rollup", pid));
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("SwapPss:")) return std::strtod(line.c_str() + 8, nullptr);
  }
  return 0;
}

void WaitUntilLoaded(const std::string& socket) {
  const bool loaded = test::WaitUntil(
      [&] {
        const auto health = test::Ask(socket, "GET-HEALTH");
        return health && health->is_object() && TextMember(health->get_object(), "state") != "loading";
      },
      test::seconds(30));
  if (!loaded) CannotMeasure("the daemon is still loading after 30 s");
}

pid_t ShimOf(const test::TestBox& box) {
  pid_t shim = 0;
  const bool found = test::WaitUntil(
      [&] {
        for (const test::ProcessFacts& process : box.Processes()) {
          const std::string_view program = std::string_view(process.command).substr(0, process.command.find(' '));
          if (program.ends_with("iiab-cmdsrv-shim")) shim = process.pid;
        }
        return shim != 0;
      },
      test::seconds(10));
  if (!found) CannotMeasure("no shim runs");
  return shim;
}

/// What `strace -c` counted; prints its table when there is anything.
double SystemCalls(pid_t pid, long seconds, const std::string& file) {
  const auto end = test::RunTool(
      {"timeout", "--signal=INT", std::to_string(seconds), "strace", "-f", "-c", "-o", file, "-p", std::to_string(pid)},
      test::seconds(seconds + 20));
  std::ifstream summary(file);
  if (!summary) CannotMeasure("strace did not work: " + end.output);
  std::string text((std::istreambuf_iterator<char>(summary)), {});
  double calls = 0;
  for (const std::string_view line : Split(text, '\n')) {
    std::vector<std::string_view> words;
    for (const std::string_view word : Split(line, ' ')) {
      if (!word.empty()) words.push_back(word);
    }
    // "100.00    0.000123           4        27         2 total": percent, seconds, usecs/call, calls, errors, name
    if (words.size() >= 4 && words.back() == "total") calls = static_cast<double>(ToInteger(words[3]).value_or(0));
  }
  if (calls > 0) fmt::print("{}\n", text);
  return calls;
}

/// Small and large replies in turn, so that both halves of a run do the same.
void SendMix(const std::string& socket, long count) {
  constexpr long kPiece = 1000;
  for (long sent = 0; sent < count; sent += kPiece) {
    SendMany(socket, sent % (2 * kPiece) == 0 ? "GET-JOB-ACTIVE-SUM" : "GET-ADM-CONF", std::min(kPiece, count - sent));
  }
}

int Main(int argc, char** argv) {
  const long seconds = NumberOption(argc, argv, "--seconds", 60);
  const long commands = NumberOption(argc, argv, "--commands", 100'000);
  PrintHead("bench_memory", "proportional memory (PSS) and idleness");
  test::TestBox box;
  const EchoServer echo(box.Path("/run/echo"), 60);
  const test::Daemon daemon = box.StartDaemon();
  WaitUntilLoaded(daemon.Socket());
  SendMany(box.Path("/run/echo"), "TEST", 1);
  const double bare = Pss(echo.Pid());
  const double idle = Pss(daemon.Pid()) + Swap(daemon.Pid());
  SendMix(daemon.Socket(), commands / 2);
  const double half = Pss(daemon.Pid()) + Swap(daemon.Pid());
  SendMix(daemon.Socket(), commands - commands / 2);
  const double after = Pss(daemon.Pid()) + Swap(daemon.Pid());
  fmt::print("{:<44} {:>8.0f} KiB\n{:<44} {:>8.0f} KiB  ratio {:.2f}\n", "bare ROUTER echo (limit)", bare,
             "daemon, idle", idle, idle / bare);
  fmt::print("{:<44} {:>8.0f} KiB\n{:<44} {:>8.0f} KiB\n", fmt::format("daemon after {} Commands", commands / 2), half,
             fmt::format("daemon after {} Commands", commands), after);

  std::this_thread::sleep_for(kSettle);
  const double calls = SystemCalls(daemon.Pid(), seconds, box.Path("/run/strace"));
  fmt::print("{:<44} {:>8.0f}\n", fmt::format("system calls of the idle daemon in {} s", seconds), calls);

  if (const auto reply = test::AskText(daemon.Socket(), R"(TEST-JOB {"steps": [60]})"); !reply)
    CannotMeasure(reply.error().message);
  const double shim = Pss(ShimOf(box));
  fmt::print("{:<44} {:>8.0f} KiB\n\n", "shim of a running job", shim);

  GoalAtMost("daemon, idle", idle / 1024, 10, " MiB");
  GoalAtMost(fmt::format("daemon after {} Commands", commands), after / 1024, 10, " MiB");
  GoalAtMost("growth in the second half of the Commands", (after - half) / 1024, 0.25, " MiB");
  GoalAtMost("shim", shim / 1024, 0.5, " MiB");
  GoalAtMost(fmt::format("system calls in {} s of idleness", seconds), calls, 0);
  return 0;
}

}  // namespace
}  // namespace cmdsrv::bench

int main(int argc, char** argv) { return cmdsrv::bench::Main(argc, argv); }
