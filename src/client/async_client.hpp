#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "base/secret.hpp"

namespace cmdsrv {

/// Asks the server many things at once with one thread. Each request has a connection of its own while it lasts; some
/// are kept for the next ones. Nothing wakes up while nothing is asked.
class AsyncClient {
 public:
  using Done = std::function<void(Result<std::string>)>;

  explicit AsyncClient(std::string socket_path);
  AsyncClient(const AsyncClient&) = delete;
  AsyncClient& operator=(const AsyncClient&) = delete;
  /// Waits for a callback that is running; requests that are still open are dropped without a word.
  ~AsyncClient();

  /// Sends `command` (wiped after that) and calls `done` exactly once, on the client's own thread: it must not block
  /// and not throw. What it is given is as of Client::Ask; a reply that comes after the deadline is discarded. Any
  /// thread.
  void Ask(Secret command, std::chrono::milliseconds deadline, Done done);

 private:
  class Worker;
  std::unique_ptr<Worker> worker_;
};

}  // namespace cmdsrv
