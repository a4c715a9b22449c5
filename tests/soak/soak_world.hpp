#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "console/console.hpp"
#include "support/test_box.hpp"

namespace cmdsrv::test {

inline constexpr const char* kSoakPassword = "g0adm1n";

/// A box with a daemon that is killed now and then, a gateway that is not, a disk that can be full and a clock that
/// jumps. Members are for all threads unless they say otherwise.
class SoakWorld {
 public:
  SoakWorld();
  SoakWorld(const SoakWorld&) = delete;
  SoakWorld& operator=(const SoakWorld&) = delete;
  ~SoakWorld();

  /// Even while the daemon is up; another number after each kill.
  unsigned Life() const { return life_; }
  const std::string& Socket() const { return socket_; }
  std::uint16_t GatewayPort() const { return gateway_->Port(); }

  /// A promise that was broken; the first hundred are kept.
  void Complain(std::string sentence);
  std::vector<std::string> Complaints() const;

  /// The server has said that this job is scheduled.
  void Promise(long job);
  std::size_t Promised() const;

  std::atomic<bool> stop{false};
  std::atomic<long> requests{0}, refused_by_disk{0}, events{0}, excused{0};

  // One thread from here on.
  pid_t DaemonPid() const { return daemon_->Pid(); }
  pid_t GatewayPid() const { return gateway_->Pid(); }
  void KillDaemon();
  /// False when no job runs.
  bool KillAShim();
  void FillDisk(bool full);
  void MoveClock(std::int64_t seconds_off);
  /// Jobs in the database that have not ended.
  long Unfinished() const;
  /// Ends both programs and looks at what they leave behind.
  void EndAndCheck();

 private:
  std::string Database() const { return box_.Path("/opt/admin/cmdsrv/cmdsrv.0.3.db"); }
  void CheckDatabase();

  TestBox box_;
  std::string socket_;
  std::int64_t* clock_ = nullptr;
  std::unique_ptr<Daemon> daemon_;
  std::unique_ptr<GatewayProcess> gateway_;
  std::atomic<unsigned> life_{0};
  mutable std::mutex mutex_;
  std::vector<std::string> complaints_;
  std::set<long> promised_;
};

}  // namespace cmdsrv::test
