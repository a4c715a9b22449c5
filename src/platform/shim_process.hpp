#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/run_record.hpp"
#include "platform/process.hpp"

/// How the daemon and a shim meet. The life of one run:
///
///   daemon: StartShim        record file made (4096 bytes, allocated), output file made, shim spawned; the
///   step
///                            does not run yet
///   daemon: writes STARTED with the shim's identity to its database
///   daemon: ShimProcess::Go  one byte; now the shim forks, execs the step and copies its output to the file
///   shim:   waits, kills what the step left behind, finishes the record, exits 0
///   daemon: pidfd readable → ReadRunRecord, commits the end to its database
///
/// If the daemon dies before Go, the shim sees the end of the line, records NeverBegan and exits. If it dies later, the
/// shim goes on alone and the next daemon finds the record: IsAlive says of its identity whether to wait for it
/// (AdoptShim). A shim whose server is gone commits its record to the disk; otherwise the server's own commit makes the
/// end last. To cancel, SIGTERM to the shim (pidfd): the shim sends INT to the step's group and to every other
/// descendant, 5 s later TERM, 5 s later KILL, and finishes the record only when nothing is left. It does so without
/// the daemon too.
namespace cmdsrv {

struct ShimStart {
  JobId job;
  std::uint32_t attempt = 1;
  std::vector<std::string> argv;                 ///< of the step; argv[0] an absolute path
  std::vector<std::string> environment;          ///< complete
  std::string directory;                         ///< working directory of the step
  std::string record_path;                       ///< made anew; an old file of that name is removed
  std::string output_path;                       ///< likewise, 0600, never through a link
  std::uint64_t output_kept = 0;                 ///< so much of the output file belongs to earlier tries and stays
  std::string first_line = {};                   ///< put behind that, before the step prints anything; empty: nothing
  bool low_priority = true;                      ///< nice 19, ionice best-effort 7, set by the shim in the step
  std::chrono::milliseconds cancel_grace{5000};  ///< from INT to TERM, and from TERM to KILL
};

class ShimProcess {
 public:
  ProcessIdentity identity;
  UniqueFd pidfd;      ///< readable when the shim has ended
  bool child = false;  ///< ours to reap; false for an adopted one

  /// Lets the step begin. Nothing on a second call. Io when the shim is gone.
  Result<void> Go();

  /// Starts the shim's escalation (see above); harmless when it has ended.
  void Cancel() const;

  /// KILL to the shim itself: last resort, the step dies with it (parent-death signal).
  void Kill() const;

  /// Reaps a child shim that has ended (pidfd readable); no-op for an adopted one.
  void Reap() const;

 private:
  friend Result<ShimProcess> StartShim(const std::string&, const ShimStart&);
  /// To the shim: one byte is the go. Kept open, because its end tells the shim that the server is gone.
  UniqueFd line_;
  bool told_ = false;
};

/// `shim_program` is Root::OwnProgram("iiab-cmdsrv-shim"). Does not block beyond the spawn itself.
/// Errors: Io/NoSpace with the stage ("cannot make the record file …", "cannot start …"). Nothing is left behind then.
Result<ShimProcess> StartShim(const std::string& shim_program, const ShimStart& start);

/// A handle on a shim that an earlier daemon started. NotFound when it is gone.
Result<ShimProcess> AdoptShim(const ProcessIdentity& identity);

/// NotFound when there is no file, Corrupt when it is no record. A record that is not final (IsFinal) is returned as it
/// is.
Result<RunRecord> ReadRunRecord(const std::string& path);

/// Sentence for StartFailed: "cannot start /usr/bin/wget: exec: no such file or directory".
std::string DescribeStartFailure(const RunRecord& record, const std::string& program);

/// "exit status 3" or "ended by signal 15 (Terminated)".
std::string DescribeExit(const RunRecord& record);

}  // namespace cmdsrv
