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
  const double bare = MemoryKib(echo.Pid());
  const double idle = MemoryKib(daemon.Pid());
  SendMix(daemon.Socket(), commands / 2);
  const double half = MemoryKib(daemon.Pid());
  SendMix(daemon.Socket(), commands - commands / 2);
  const double after = MemoryKib(daemon.Pid());
  fmt::print("{:<44} {:>8.0f} KiB\n{:<44} {:>8.0f} KiB  ratio {:.2f}\n", "bare ROUTER echo (limit)", bare,
             "daemon, idle", idle, idle / bare);
  fmt::print("{:<44} {:>8.0f} KiB\n{:<44} {:>8.0f} KiB\n", fmt::format("daemon after {} Commands", commands / 2), half,
             fmt::format("daemon after {} Commands", commands), after);

  std::this_thread::sleep_for(kSettle);
  const double calls = SystemCalls(daemon.Pid(), seconds, box.Path("/run/strace"));
  fmt::print("{:<44} {:>8.0f}\n", fmt::format("system calls of the idle daemon in {} s", seconds), calls);

  if (const auto reply = test::AskText(daemon.Socket(), R"(TEST-JOB {"steps": [60]})"); !reply)
    CannotMeasure(reply.error().message);
  const double shim = MemoryKib(ShimOf(box));
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
