#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace cmdsrv {

/// The longest path that fits into the address of a unix socket (its end takes one byte more).
inline constexpr std::size_t kLongestSocketPath = 107;

class Connection;

/// A connection to the server: one request at a time, one reply for each. Not to be used by two threads at once; any
/// number of Clients may live in one process. Destroying it never waits, also not for an unsent request.
class Client {
 public:
  /// Errors: Malformed when the path is too long or empty; Unavailable when nobody listens there, naming the reason
  /// ("no such file or directory", "connection refused", "permission denied"); Io when there are no descriptors left.
  static Result<Client> Connect(const std::string& socket_path);

  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  ~Client();

  /// Sends `command` as one frame and waits for the reply, whatever it says: an Error reply is a reply. Connects anew
  /// after an error, so that a late reply is never mistaken for its own.
  /// Errors: Timeout when no reply came within `deadline`; Unavailable when the server is not there or went away; Io.
  /// After an error it is unknown whether the server did the Command.
  Result<std::string> Ask(std::string_view command, std::chrono::milliseconds deadline);

  /// Waits on for the reply of an Ask (or WaitOn) that ended in Timeout; nothing is sent again. Errors as of Ask, and
  /// Internal when no reply is owed.
  Result<std::string> WaitOn(std::chrono::milliseconds deadline);

 private:
  Client(std::string path, std::unique_ptr<Connection> connection);

  std::string path_;
  std::unique_ptr<Connection> connection_;  ///< none after an error other than Timeout
  bool reply_owed_ = false;
  std::size_t asked_bytes_ = 0;  ///< of the last Command
};

}  // namespace cmdsrv
