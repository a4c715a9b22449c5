#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/hazard_values.hpp"
#include "support/scratch.hpp"
#include "support/test_box.hpp"
#include "support/tree_snapshot.hpp"

namespace cmdsrv::test {

/// A call of a program: its arguments, the name first.
using Call = std::vector<std::string>;

/// A box with its internet and a running daemon, in which every outside program notes how it was called; and beside
/// it a directory that nothing may ever touch.
class HazardWorld {
 public:
  HazardWorld();

  TestBox& Box() { return box_; }
  Daemon& Server() { return *daemon_; }
  Outside Beside() const { return {outside_.Path()}; }

  /// Empty, and a failure of the running test, when there is none.
  std::string Send(const std::string& command) const;

  /// Jobs that were made after this one have ended; those that go on are cancelled.
  void LetJobsEnd(long long newest_before) const;
  long long NewestJob() const;

  /// What the running test did wrong, one sentence each; then the next one begins.
  std::vector<std::string> Complaints(std::string_view verb);

 private:
  static constexpr std::string_view kVictim = "hazard-victim-7731";

  void MakeRecorders();
  void CheckFiles(std::string_view verb, std::vector<std::string>& complaints);
  void CheckCalls(std::vector<std::string>& complaints);
  std::vector<Call> TakeCalls() const;

  TestBox box_;
  ScratchDirectory outside_;
  std::unique_ptr<Daemon> daemon_;
  pid_t pid_ = 0;
  std::unique_ptr<TreeSnapshot> before_, outside_before_;
};

}  // namespace cmdsrv::test
