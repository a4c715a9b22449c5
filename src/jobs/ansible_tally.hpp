#pragma once

#include <string>
#include <string_view>

namespace cmdsrv {

/// Counts what ansible-playbook prints, a line at a time: tasks that were ok, changed, skipped, failed, and which one
/// failed last without being ignored. A task counts once, whatever number of items or hosts it has. Any input is
/// harmless; texts are cut, so it stays small.
class AnsibleTally {
 public:
  void Add(std::string_view line);
  /// The last task is over too.
  void Finish();

  struct Counts {
    int ok = 0;  ///< of these some changed something
    int changed = 0;
    int failed = 0;  ///< and not ignored
    int skipped = 0;
    friend bool operator==(const Counts&, const Counts&) = default;
  };
  const Counts& Tasks() const { return counts_; }
  bool IsEmpty() const { return counts_ == Counts{} && error_.empty() && failed_task_.empty(); }

  /// "task \"Does the service run?\" failed on localhost: non-zero return code"; empty when nothing failed.
  std::string Failure() const;
  /// "6 tasks ok, 3 of them changed something, 1 skipped"
  std::string Summary() const;

 private:
  struct Seen {
    bool ok = false;
    bool changed = false;
    bool failed = false;
    bool failed_changed = false;  ///< and had changed something before
    bool skipped = false;
  };
  void ReadFailure(std::string_view line);
  void Count();

  std::string task_;
  Seen seen_;
  Counts counts_;
  std::string failed_task_;
  std::string failed_host_;
  std::string message_;
  std::string error_;  ///< "ERROR! …": it did not even begin
};

/// All lines of an output.
AnsibleTally TallyAnsible(std::string_view output);

}  // namespace cmdsrv
