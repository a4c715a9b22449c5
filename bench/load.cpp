#include "load.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <deque>
#include <filesystem>
#include <mutex>
#include <thread>
#include <zmq.hpp>

#include "measure.hpp"

namespace cmdsrv::bench {
namespace {

constexpr std::chrono::seconds kPatience{20};

/// One DEALER whose replies are taken in the order in which they come.
class Sender {
 public:
  Sender(const std::string& socket, const std::string& command) : socket_(context_, ZMQ_DEALER), command_(command) {
    socket_.set(zmq::sockopt::linger, 0);
    socket_.set(zmq::sockopt::rcvtimeo, static_cast<int>(std::chrono::milliseconds(kPatience).count()));
    socket_.connect("ipc://" + socket);
  }

  void Send() {
    sent_.push_back(SteadyClock::now());
    socket_.send(zmq::buffer(command_), zmq::send_flags::none);
  }

  /// Microseconds since the oldest Send that was not answered yet.
  double Receive() {
    zmq::message_t reply;
    if (!socket_.recv(reply, zmq::recv_flags::none)) CannotMeasure("no reply came within 20 s");
    const double latency = Since(sent_.front()) * 1000;
    sent_.pop_front();
    return latency;
  }

 private:
  zmq::context_t context_{1};
  zmq::socket_t socket_;
  const std::string& command_;
  std::deque<SteadyClock::time_point> sent_;
};

std::vector<double> RunClient(const std::string& socket, const std::string& command, int in_flight,
                              SteadyClock::time_point begin, std::chrono::milliseconds duration) {
  Sender sender(socket, command);
  sender.Send();
  sender.Receive();  // connected; not counted
  std::this_thread::sleep_until(begin);
  std::vector<double> latencies;
  for (int i = 0; i < in_flight; ++i) sender.Send();
  while (SteadyClock::now() < begin + duration) {
    latencies.push_back(sender.Receive());
    sender.Send();
  }
  for (int i = 0; i < in_flight; ++i) sender.Receive();  // late ones count for nobody
  return latencies;
}

}  // namespace

LoadResult Load(const std::string& socket, const std::string& command, Shape shape,
                std::chrono::milliseconds duration) {
  const auto begin = SteadyClock::now() + std::chrono::milliseconds{50};  // all clients are connected by then
  std::mutex mutex;
  LoadResult result;
  std::vector<std::thread> threads;
  threads.reserve(static_cast<std::size_t>(shape.clients));
  for (int i = 0; i < shape.clients; ++i) {
    threads.emplace_back([&] {
      const auto latencies = RunClient(socket, command, shape.in_flight, begin, duration);
      const std::lock_guard lock(mutex);
      result.latencies_us.insert(result.latencies_us.end(), latencies.begin(), latencies.end());
    });
  }
  for (std::thread& thread : threads) thread.join();
  result.per_second = static_cast<double>(result.latencies_us.size()) / std::chrono::duration<double>(duration).count();
  return result;
}

void SendMany(const std::string& socket, const std::string& command, long count) {
  constexpr long kInFlight = 64;
  Sender sender(socket, command);
  for (long sent = 0, received = 0; received < count; ++received) {
    for (; sent < count && sent - received < kInFlight; ++sent) sender.Send();
    sender.Receive();
  }
}

std::string BesideThisProgram(const std::string& name) {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path() / name;
}

EchoServer::EchoServer(const std::string& socket, std::size_t reply_bytes) {
  std::string program = BesideThisProgram("echo_router"), path = socket, bytes = std::to_string(reply_bytes);
  char* const argv[] = {program.data(), path.data(), bytes.data(), nullptr};
  if (posix_spawn(&pid_, program.c_str(), nullptr, nullptr, argv, environ) != 0) {
    CannotMeasure(fmt::format("{} cannot be started", program));
  }
}

EchoServer::~EchoServer() {
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

}  // namespace cmdsrv::bench
