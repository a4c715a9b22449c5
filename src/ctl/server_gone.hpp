#pragma once

#include <chrono>
#include <string>

#include "base/result.hpp"

namespace cmdsrv::ctl {

/// Waits for the end of the server: its pid file is the last thing that it removes.
class ServerGone {
 public:
  /// Io when the directory of the pid file cannot be watched.
  static Result<ServerGone> Watch(const std::string& pid_file);
  ServerGone(ServerGone&& other) noexcept;
  ServerGone& operator=(ServerGone&&) = delete;
  ~ServerGone();

  /// True when the pid file is gone; false when `deadline` passed before.
  bool Wait(std::chrono::milliseconds deadline);

 private:
  ServerGone(int fd, std::string pid_file) : fd_(fd), pid_file_(std::move(pid_file)) {}
  int fd_;
  std::string pid_file_;
};

}  // namespace cmdsrv::ctl
