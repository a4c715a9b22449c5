#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include "platform/job_output.hpp"
#include "platform/proc_stat.hpp"
#include "platform/root.hpp"
#include "platform/shim_process.hpp"
#include "support/scratch.hpp"

namespace cmdsrv::test {

/// Processes of the session led by `session` that are not zombies.
inline std::vector<pid_t> SessionMembers(pid_t session) {
  std::vector<pid_t> members;
  for (const pid_t pid : AllPids()) {
    const auto stat = ReadProcStat(pid);
    if (stat && stat->session == session && !stat->IsDead()) members.push_back(pid);
  }
  return members;
}

/// Runs steps under the real shim in a scratch directory, and proves after each test that nothing of them is left.
class ShimTest : public ::testing::Test {
 protected:
  static constexpr int kPatienceMs = 30'000;

  ShimTest() : mark_("CMDSRV_TEST_MARK=" + scratch_.Path()) {}

  void TearDown() override {
    const bool clean = Eventually([&] { return ProcessesWithEnvironment(mark_).empty(); }, std::chrono::seconds(5));
    EXPECT_TRUE(clean) << "processes were left behind";
    for (const int pid : ProcessesWithEnvironment(mark_)) kill(pid, SIGKILL);
  }

  ShimStart Start(std::vector<std::string> argv) const {
    auto environment = ChildEnvironment(Root{});
    environment.push_back(mark_);
    return {.job = JobId{41},
            .attempt = 2,
            .argv = std::move(argv),
            .environment = std::move(environment),
            .directory = scratch_.Path(),
            .record_path = Record(),
            .output_path = Output(),
            .low_priority = false,
            .cancel_grace = std::chrono::milliseconds(5000)};
  }
  ShimStart Shell(const std::string& script) const { return Start({"/bin/sh", "-c", script}); }

  /// Looked up once: in a chroot, /proc/self/exe tells another path after the program has entered a mount namespace.
  static std::string Shim() {
    static const std::string program = Root::OwnProgram("iiab-cmdsrv-shim");
    return program;
  }
  std::string Record() const { return scratch_ / "record"; }
  std::string Output() const { return scratch_ / "output"; }

  static bool HasEnded(const ShimProcess& shim, int patience_ms = kPatienceMs) {
    pollfd watched{shim.pidfd.Get(), POLLIN, 0};
    return poll(&watched, 1, patience_ms) == 1;
  }

  /// The final record, once the shim has ended.
  RunRecord Finish(const ShimProcess& shim) const {
    EXPECT_TRUE(HasEnded(shim)) << "the shim did not end";
    if (!HasEnded(shim, 0)) shim.Kill();
    HasEnded(shim);
    shim.Reap();
    const auto record = ReadRunRecord(Record());
    EXPECT_TRUE(record.has_value());
    if (!record) return {};
    EXPECT_TRUE(IsFinal(*record));
    return *record;
  }

  RunRecord Run(const ShimStart& start) const {
    auto shim = StartShim(Shim(), start);
    EXPECT_TRUE(shim.has_value()) << (shim ? "" : shim.error().message);
    if (!shim) return {};
    EXPECT_TRUE(shim->Go().has_value());
    return Finish(*shim);
  }

  /// Started and told to go; the step has printed a line when this returns.
  ShimProcess Running(const ShimStart& start) const {
    auto shim = StartShim(Shim(), start);
    EXPECT_TRUE(shim.has_value()) << (shim ? "" : shim.error().message);
    if (!shim) return {};
    EXPECT_TRUE(shim->Go().has_value());
    EXPECT_TRUE(Eventually([&] { return Slurp(Output()).find('\n') != std::string::npos; }));
    return *std::move(shim);
  }

  /// The same for a step that says nothing: it has become the program `name`.
  ShimProcess RunningAs(const std::string& name, const ShimStart& start) const {
    auto shim = StartShim(Shim(), start);
    EXPECT_TRUE(shim.has_value()) << (shim ? "" : shim.error().message);
    if (!shim) return {};
    EXPECT_TRUE(shim->Go().has_value());
    const auto is_it = [&] {
      const auto record = ReadRunRecord(Record());
      return record && Slurp("/proc/" + std::to_string(record->step_pid) + "/comm") == name + "\n";
    };
    EXPECT_TRUE(Eventually(is_it)) << "the step did not become " << name;
    return *std::move(shim);
  }

  ScratchDirectory scratch_;
  std::string mark_;
};

}  // namespace cmdsrv::test
