#pragma once

#include <string>
#include <string_view>

namespace cmdsrv::gateway {

/// Whether the Command Server can be asked, from the files that it leaves (spec gateway 5 and 10). Any thread.
class ServerPresence {
 public:
  ServerPresence(std::string pid_file, std::string ready_file)
      : pid_file_(std::move(pid_file)), ready_file_(std::move(ready_file)) {}

  /// The sentence for the browser, or "" when all is well.
  std::string_view Trouble() const;

  /// As Trouble, and the process of the pid file lives. A pid of 0 means a server in the foreground.
  bool IsRunning() const;

 private:
  const std::string pid_file_, ready_file_;
};

}  // namespace cmdsrv::gateway
