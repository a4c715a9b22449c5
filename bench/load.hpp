#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

/// Clients that keep a server busy, and the bare server that does nothing but answer: the limit of every number here.
namespace cmdsrv::bench {

struct Shape {
  int clients = 1;
  int in_flight = 1;
};

struct LoadResult {
  double per_second = 0;
  std::vector<double> latencies_us;  ///< of each request, from send to reply
};

/// Every client sends `command` so that `in_flight` of its requests are always under way, until `duration` has passed;
/// each client is a thread with a ZeroMQ context of its own. Ends the program when a reply does not come.
LoadResult Load(const std::string& socket, const std::string& command, Shape shape, std::chrono::milliseconds duration);

/// Sends `count` times and waits for all replies.
void SendMany(const std::string& socket, const std::string& command, long count);

/// A bare ROUTER on an ipc socket in a process of its own: answers everything with the same number of bytes.
class EchoServer {
 public:
  EchoServer(const std::string& socket, std::size_t reply_bytes);
  ~EchoServer();
  EchoServer(const EchoServer&) = delete;
  EchoServer& operator=(const EchoServer&) = delete;

  pid_t Pid() const { return pid_; }

 private:
  pid_t pid_ = 0;
};

/// "<directory of this program>/<name>".
std::string BesideThisProgram(const std::string& name);

}  // namespace cmdsrv::bench
