#pragma once

#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "platform/unique_fd.hpp"

/// One TCP connection with the raw control that misbehaviour needs.
namespace cmdsrv::test {

/// Where stalled answers wait, so that they can be let go. Any thread.
class Stalls {
 public:
  void Enter(int event_fd);
  void Leave(int event_fd);
  void ReleaseAll();
  unsigned Count() const;

 private:
  mutable std::mutex mutex_;
  std::set<int> waiting_;
};

class Line {
 public:
  /// `stop_fd` becomes readable when the server ends; every wait watches it.
  Line(UniqueFd socket, int stop_fd);

  /// Appends what has come to `buffer`. False at the end of the connection.
  bool Receive(std::string& buffer);

  /// All of it, or false when the peer has gone.
  bool Send(std::string_view bytes);

  /// Waits without sending. False when the peer has gone or the server ends.
  bool Pause(int milliseconds);

  /// Waits until released. False when the peer has gone or the server ends.
  bool Stall(Stalls& stalls);

  /// Ends the connection by RST, after the peer's kernel has got everything that was sent.
  void Reset();

 private:
  UniqueFd socket_;
  int stop_fd_;
};

}  // namespace cmdsrv::test
