#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cmdsrv::ctl {

enum class Action { Send, Status, Health, Jobs, Job, Log, Wait, Cancel, Retry, Stop, Commands };

/// What the operator said, after its grammar was checked.
struct Options {
  Action action = Action::Send;

  // Everywhere
  std::string root{};                                  ///< --root; empty: the real root
  std::string socket{};                                ///< -s; empty: the usual one beneath `root`
  std::optional<std::chrono::milliseconds> timeout{};  ///< -t; of one reply, or of the whole waiting
  bool json = false;
  bool wait = false;
  bool quiet = false;
  bool strict = false;
  bool one_failure = false;  ///< whatever failed, the status is 1 (old_names.hpp)

  // Action::Send
  std::vector<std::string> words{};  ///< as given; how many are right is judged after the pid file (spec protocol 13)
  std::string file{};                ///< -f; "-" is standard input; empty: none

  // Sub-commands
  std::vector<std::int64_t> ids{};  ///< job, log, wait, cancel, retry; each above 0
  std::string verb{};               ///< commands VERB
  bool follow = false;              ///< log -f
  bool all = false;                 ///< jobs --all
  bool watch = false;               ///< jobs --watch
  std::optional<int> since_days{};  ///< jobs --since
  bool end_jobs = false;            ///< stop --end-jobs
};

}  // namespace cmdsrv::ctl
