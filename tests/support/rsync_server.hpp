#pragma once

#include <sys/types.h>

#include <string>

namespace cmdsrv::test {

/// A real rsync daemon on 127.0.0.1 that offers a directory under the name "modules", as long as the object lives.
/// Failures are exceptions.
class RsyncServer {
 public:
  /// `port` 0: any that is free.
  explicit RsyncServer(std::string directory, unsigned port = 0);
  ~RsyncServer();
  RsyncServer(const RsyncServer&) = delete;
  RsyncServer& operator=(const RsyncServer&) = delete;

  unsigned Port() const { return port_; }
  /// "rsync://127.0.0.1:1234/modules/en-a".
  std::string Url(const std::string& module) const;

 private:
  void Start();

  std::string config_;
  unsigned port_;
  pid_t pid_ = 0;
};

/// A port of 127.0.0.1 that nobody listens at now.
unsigned FreePort();

}  // namespace cmdsrv::test
