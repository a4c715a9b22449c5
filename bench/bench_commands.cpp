// Commands per second and latency of the real daemon, beside a bare ROUTER echo with the same sizes in the same run.
//   bench_commands [--rounds 7] [--milliseconds 700]
#include <fmt/format.h>

#include <map>

#include "load.hpp"
#include "measure.hpp"
#include "support/ask.hpp"
#include "support/test_box.hpp"

namespace cmdsrv::bench {
namespace {

constexpr Shape kShapes[] = {{1, 1}, {1, 16}, {5, 16}};

struct Server {
  std::string socket;
  pid_t pid;
};

struct Values {
  std::vector<double> rate, latency_us, cpu_us;  // one value a round
};

struct Pair {
  Values daemon, echo;
};

void MeasureRound(const Server& server, const std::string& verb, Shape shape, std::chrono::milliseconds duration,
                  Values& values) {
  const double before = CpuMicroseconds(server.pid);
  auto result = Load(server.socket, verb, shape, duration);
  values.cpu_us.push_back((CpuMicroseconds(server.pid) - before) / static_cast<double>(result.latencies_us.size()));
  values.rate.push_back(result.per_second);
  values.latency_us.push_back(Median(std::move(result.latencies_us)));
}

/// Rounds alternate, so that what else the machine does hits both alike.
Pair Measure(const Server& daemon, const Server& echo, const std::string& verb, Shape shape, long rounds,
             std::chrono::milliseconds duration) {
  Pair pair;
  for (long round = 0; round < rounds; ++round) {
    MeasureRound(echo, verb, shape, duration, pair.echo);
    MeasureRound(daemon, verb, shape, duration, pair.daemon);
  }
  return pair;
}

void MeasureVerb(const test::TestBox& box, pid_t daemon, const std::string& verb, long rounds,
                 std::chrono::milliseconds duration) {
  const auto reply = test::AskText(box.Socket(), verb);
  if (!reply) CannotMeasure(reply.error().message);
  const std::string echo_socket = box.Path("/run/echo_" + verb);
  const EchoServer echo(echo_socket, reply->size());
  double rate_ratio = 0, latency_ratio = 0;
  for (const Shape shape : kShapes) {
    const Pair pair = Measure({box.Socket(), daemon}, {echo_socket, echo.Pid()}, verb, shape, rounds, duration);
    const double ours = Median(pair.daemon.rate), limit = Median(pair.echo.rate);
    const double ours_us = Median(pair.daemon.latency_us), limit_us = Median(pair.echo.latency_us);
    fmt::print(
        "{:<20} {:>6} {:>5} x {:<2} {:>10.0f} {:>10.0f} {:>6.2f} {:>10.0f} {:>10.0f} {:>6.2f} {:>7.1f} {:>7.1f}\n",
        verb, reply->size(), shape.clients, shape.in_flight, ours, limit, ours / limit, ours_us, limit_us,
        ours_us / limit_us, Median(pair.daemon.cpu_us), Median(pair.echo.cpu_us));
    if (shape.clients == 5) rate_ratio = ours / limit;
    if (shape.in_flight == 1) latency_ratio = ours_us / limit_us;
  }
  GoalAtLeast(verb + ", 5 x 16, part of the echo's rate", rate_ratio, 0.5);
  GoalAtMost(verb + ", 1 x 1, times the echo's latency", latency_ratio, 3);
}

int Main(int argc, char** argv) {
  const long rounds = NumberOption(argc, argv, "--rounds", 7);
  const std::chrono::milliseconds duration(NumberOption(argc, argv, "--milliseconds", 700));
  PrintHead("bench_commands", "Commands of the daemon beside a bare ZeroMQ ROUTER echo; medians of alternating rounds");
  test::TestBox box;
  const test::Daemon daemon = box.StartDaemon();
  fmt::print("{:<20} {:>6} {:>10} {:>10} {:>10} {:>6} {:>10} {:>10} {:>6} {:>15}\n", "verb", "bytes", "in flight",
             "daemon/s", "echo/s", "ratio", "daemon us", "echo us", "ratio", "processor us");
  for (const char* verb : {"GET-JOB-ACTIVE-SUM", "GET-ADM-CONF"})
    MeasureVerb(box, daemon.Pid(), verb, rounds, duration);
  return 0;
}

}  // namespace
}  // namespace cmdsrv::bench

int main(int argc, char** argv) { return cmdsrv::bench::Main(argc, argv); }
