#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "platform/unique_fd.hpp"
#include "support/wait.hpp"

namespace cmdsrv::test {

/// A DEALER written by hand, byte for byte (ZMTP 3.0 over a unix socket): it can send what libzmq would not, be
/// thousands in one process, and leave replies unread. Blocks at most 20 s in each call.
class RawClient {
 public:
  /// Connects and shakes hands; empty when either fails.
  static std::optional<RawClient> Connect(const std::string& path);
  /// Connects only.
  static std::optional<RawClient> ConnectSilently(const std::string& path);

  bool Send(const std::vector<std::string>& frames);
  bool SendBytes(std::string_view bytes);
  /// The frames of the next message; empty when the connection ended or nothing came in time.
  std::vector<std::string> Receive();
  /// True when the server has closed the connection (waits for that, or for any byte).
  bool IsClosed();
  /// Sending fails at once, instead of waiting, when the server does not read.
  void DoNotWait();

 private:
  explicit RawClient(UniqueFd fd) : fd_(std::move(fd)) {}
  bool ReceiveBytes(char* into, std::size_t size);

  UniqueFd fd_;
};

}  // namespace cmdsrv::test
