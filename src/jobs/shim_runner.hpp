#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "jobs/job_files.hpp"
#include "jobs/step_runner.hpp"
#include "platform/event_loop.hpp"
#include "platform/job_scope.hpp"
#include "platform/write_watch.hpp"

namespace cmdsrv {

/// The real runner: shims, watched by their pidfds. Where there is a systemd each shim is moved into a scope of its own
/// before its step begins.
class ShimRunner final : public StepRunner {
 public:
  /// `system_bus`: where systemd is asked for scopes; empty: nowhere.
  ShimRunner(std::shared_ptr<EventLoop> loop, std::string shim_program, JobPaths paths, const std::string& system_bus);
  ~ShimRunner() override;

  Result<std::unique_ptr<StepRun>> Start(ShimStart start, Callback ended) override;
  Result<std::unique_ptr<StepRun>> Adopt(const ProcessIdentity& identity, Callback ended) override;
  std::optional<RunRecord> Record(JobId id) override;
  RunOutput Output(JobId id) override;
  std::uint64_t Printed(JobId id) override;
  void OnPrinted(JobId id, Callback printed) override;
  bool Progressed(JobId id, const RunRow& run) override;
  RunFacts Look(JobId id, const RunRow& run, std::int64_t shim_pid) override;
  void EndLeftovers(JobId id, const ProcessIdentity& shim, Callback gone) override;
  void EndOldProgram(JobId id, std::int64_t pid, const std::string& job_command) override;
  void Forget(JobId id) override;

 private:
  struct Hunt;  // for what a lost shim left behind

  void TakeWrites();
  void RemoveOldOutput(JobId id) const;

  std::vector<ProcessIdentity> Leftovers(JobId id, const ProcessIdentity& shim) const;
  void HuntOn(JobId id);
  void NoteScope(JobId id, const Result<void>& moved);

  std::shared_ptr<EventLoop> loop_;
  const std::string shim_program_;
  const JobPaths paths_;
  std::unique_ptr<ScopeMaker> scopes_;
  bool scope_trouble_said_ = false;
  std::map<JobId, std::unique_ptr<Hunt>> hunts_;
  std::optional<WriteWatch> writes_;  // made with the first wish
  EventLoop::SourcePtr writes_source_;
  std::map<JobId, int> wishes_;  // their numbers at writes_
  std::map<int, std::pair<JobId, Callback>> on_printed_;
};

/// Whether a process with this /proc/<pid>/cmdline runs `job_command`: first and last word of it are among its
/// arguments.
bool RunsOldCommand(std::string_view cmdline, std::string_view job_command);

/// The word in the environment of every process of a run by which it is known again.
std::string RunMark(const std::string& record_path);

}  // namespace cmdsrv
