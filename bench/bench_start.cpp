// From exec of the daemon to its first reply, beside a bare ROUTER echo that is started the same way.
//   bench_start [--rounds 20]
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zmq.hpp>

#include "load.hpp"
#include "measure.hpp"
#include "support/test_box.hpp"

namespace cmdsrv::bench {
namespace {

/// Connects before the server is there and asks; ZeroMQ tries again each millisecond.
class EarlyClient {
 public:
  explicit EarlyClient(const std::string& socket) : socket_(context_, ZMQ_DEALER) {
    socket_.set(zmq::sockopt::linger, 0);
    socket_.set(zmq::sockopt::reconnect_ivl, 1);
    socket_.set(zmq::sockopt::rcvtimeo, 20'000);
    socket_.connect("ipc://" + socket);
    socket_.send(zmq::str_buffer("GET-JOB-ACTIVE-SUM"), zmq::send_flags::none);
  }
  void WaitForReply() {
    zmq::message_t reply;
    if (!socket_.recv(reply, zmq::recv_flags::none)) CannotMeasure("the server did not answer within 20 s");
  }

 private:
  zmq::context_t context_{1};
  zmq::socket_t socket_;
};

double StartOnce(std::vector<std::string> arguments, const std::string& socket) {
  unlink(socket.c_str());
  EarlyClient client(socket);
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t quiet;
  posix_spawn_file_actions_init(&quiet);
  posix_spawn_file_actions_addopen(&quiet, STDERR_FILENO, "/dev/null", 1, 0);
  posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", 1, 0);
  pid_t pid = 0;
  const auto begin = SteadyClock::now();
  if (posix_spawn(&pid, argv[0], &quiet, nullptr, argv.data(), environ) != 0)
    CannotMeasure(arguments[0] + " cannot be started");
  client.WaitForReply();
  const double elapsed = Since(begin);
  kill(pid, SIGTERM);
  waitpid(pid, nullptr, 0);
  posix_spawn_file_actions_destroy(&quiet);
  return elapsed;
}

int Main(int argc, char** argv) {
  const long rounds = NumberOption(argc, argv, "--rounds", 20);
  PrintHead("bench_start", "from exec to the first reply");
  test::TestBox box;
  const std::string echo = box.Path("/run/echo");
  std::vector<double> ours, limit;
  for (long round = 0; round < rounds; ++round) {
    limit.push_back(StartOnce({BesideThisProgram("echo_router"), echo, "60"}, echo));
    ours.push_back(
        StartOnce({test::BuiltProgram("bin/iiab-cmdsrv"), "--root", box.Root(), "--foreground"}, box.Socket()));
  }
  const double median = Median(ours), bare = Median(limit);
  fmt::print("{:>12} {:>12} {:>6}   median of {}\n{:>9.1f} ms {:>9.1f} ms {:>6.2f}\n", "daemon", "bare echo", "ratio",
             rounds, median, bare, median / bare);
  GoalAtMost("exec to first reply", median, 50, " ms");
  return 0;
}

}  // namespace
}  // namespace cmdsrv::bench

int main(int argc, char** argv) { return cmdsrv::bench::Main(argc, argv); }
