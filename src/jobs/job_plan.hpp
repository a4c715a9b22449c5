#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "store/rows.hpp"

namespace cmdsrv {

/// One program run that a plan asks for.
struct StepPlan {
  std::vector<std::string> argv;     ///< argv[0]: absolute path; operands are validated, options cannot be injected
  std::string display;               ///< job_command of the database; empty: argv quoted, URL credentials masked
  std::optional<std::size_t> after;  ///< index of the step it depends on, smaller than its own
  std::vector<std::string> locks;    ///< "kiwix-library", "menus", "/media/usb0", …
  std::string merge = {};            ///< "kiwix-index": one run does the work of all steps of this name that wait
  bool restartable = true;           ///< may be started again after an interruption
  RetryPolicy retry = RetryPolicy::Never;
  std::optional<std::pair<std::string, std::string>> service = {};  ///< instead of the plan's
  bool ansible = false;                                             ///< also when the plan's others are not
  bool full_log = false;                                            ///< the same
  std::vector<SpaceClaim> space = {};  ///< of this step and of all that depend on it; only where `after` is empty
};

/// What a plan needs of the file system that holds `claim.directory`.
struct SpaceUse {
  SpaceClaim claim = {};
  std::uint64_t fetch = 0;  ///< bytes that come over the line or from a stick
  std::uint64_t peak = 0;   ///< most bytes in use at a time beside what is there already, with a margin
  std::int64_t final = 0;   ///< bytes in use in the end beside what is there now; less than 0: space becomes free
};

/// What a Command that takes long wants done: the steps of its group of jobs. Nothing has happened yet.
struct JobPlan {
  std::vector<StepPlan> steps;                                 ///< at least one
  std::string cwd;                                             ///< of all steps; empty: CMDSRV_DIR
  std::string extra_vars = "null";                             ///< JSON text for jobs.opt_args_json
  std::optional<std::pair<std::string, std::string>> service;  ///< role and state that the first steps wait for
  bool ansible = false;  ///< ansible verb: one at a time, facts re-read at the end
  bool full_log = false;
  /// Of all of it, at most one for each file system. Belongs to the chain of the first step, unless the chains of the
  /// plan have claims of their own.
  std::vector<SpaceUse> space = {};
};

}  // namespace cmdsrv
