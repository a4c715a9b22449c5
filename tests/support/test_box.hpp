#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "support/box/box.hpp"
#include "support/box/box_server.hpp"
#include "support/daemon.hpp"
#include "support/jobs.hpp"
#include "support/processes.hpp"

namespace cmdsrv::test {

/// A box in a folder of its own with a short name (a unix socket path has at most 107 bytes), and its internet. At the
/// end every process that is left is killed and the folder removed (CMDSRV_KEEP_BOX=1 keeps it and prints where).
/// Failures of the preparation are exceptions: they end the test with their message.
class TestBox {
 public:
  explicit TestBox(const BoxOptions& options = SmallBox());
  ~TestBox();
  TestBox(const TestBox&) = delete;
  TestBox& operator=(const TestBox&) = delete;

  const std::string& Root() const { return root_; }
  std::string Path(std::string_view path) const { return root_ + std::string(path); }
  std::string Socket() const { return root_ + "/run/cmdsrv_sock"; }

  /// Starts at the first call; the box's configuration points there from then on. After EndInternet: it is back, at the
  /// same addresses.
  BoxServer& Internet();

  /// The line is down: nothing listens at the addresses of the configuration any more.
  void EndInternet();

  /// Sets keys of cmdsrv.conf; before the daemon is started.
  void Configure(const json::object& keys);

  /// Puts an executable into <root>/usr/bin, which is looked into before the real places.
  void StandIn(const std::string& name, std::string_view script);

  /// The calls of a stand-in that came with the box, one a line.
  std::string CallsOf(const std::string& name) const;

  /// Starts the daemon; the caller owns it. Throws with what it printed when it does not get ready.
  Daemon StartDaemon();

  /// Processes of this box that still live (the daemon too, if it runs).
  std::vector<ProcessFacts> Processes() const;

 private:
  std::string root_;
  std::unique_ptr<BoxServer> internet_;
  unsigned port_ = 0;
};

}  // namespace cmdsrv::test
