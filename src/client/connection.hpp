#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <zmq.hpp>

#include "base/result.hpp"

namespace cmdsrv {

/// A DEALER socket that is connected to the server, and the news of its connection. Members throw zmq::error_t, which
/// the classes around it turn into values. One thread.
class Connection {
 public:
  /// Errors as of Client::Connect.
  static Result<std::unique_ptr<Connection>> Open(const std::string& path);

  explicit Connection(const std::string& path);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  void Send(std::string_view command);

  enum class News { Reply, Gone, Nothing };

  /// What there is now, or by `until`.
  News Wait(std::chrono::steady_clock::time_point until);

  /// The waiting message; empty when there is none, or when it is no reply because it has several frames.
  std::optional<std::string> Take();

  /// For polls over many: the replies, and the end of the connection.
  void* ReplyHandle() { return socket_.handle(); }
  void* GoneHandle() { return gone_.handle(); }

 private:
  zmq::socket_t socket_;
  zmq::socket_t gone_;  ///< tells that the server closed the connection
};

/// Milliseconds until then for poll calls, rounded up, never negative.
int Remaining(std::chrono::steady_clock::time_point deadline);

}  // namespace cmdsrv
