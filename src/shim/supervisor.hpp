#pragma once

#include "shim/output_file.hpp"
#include "shim/step.hpp"

namespace cmdsrv::shim {

/// Watches one started step until nothing is left of it. Single-threaded; sleeps in poll.
///
///   Working ──SIGTERM──► Interrupt ──grace──► Terminate ──grace──► Kill
///      └──the step has ended, something of it has not──────────────►┘
///
/// Each stage signals the step's group and every other descendant. Whatever the stage, it is over when there is no
/// child any more: being the sub-reaper, the shim inherits every orphan, so no child means no descendant.
class Supervisor {
 public:
  /// `signals` is a signalfd of SIGTERM and SIGCHLD, which are blocked.
  Supervisor(RunRecord& record, const Step& step, int signals, int output_file, std::int64_t grace_ms)
      : record_(record),
        step_(step),
        signals_(signals),
        output_(output_file, record.output_total),
        grace_ms_(grace_ms) {}

  /// Fills everything of the record but its final phase, which is returned.
  RunPhase WatchToTheEnd();

 private:
  enum class Stage { Working, Interrupt, Terminate, Kill };

  int TimeoutMs() const;
  void Wait();
  void TakeSignals();
  void TakeReport();
  bool TakeOutput();
  bool ReapChildren();
  void NoteEnd(pid_t pid, int status);
  void Enter(Stage stage);
  void Signal(int number);
  void KillAgain();

  RunRecord& record_;
  Step step_;
  int signals_;
  OutputFile output_;
  std::int64_t grace_ms_;
  Stage stage_ = Stage::Working;
  std::int64_t stage_ends_ms_ = 0;
  bool look_again_ = false;  ///< in Kill: a child has ended, so its children may have become ours
  std::int64_t next_look_ms_ = 0;
  bool step_ended_ = false;
};

}  // namespace cmdsrv::shim
