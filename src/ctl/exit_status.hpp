#pragma once

namespace cmdsrv::ctl {

/// What the sub-commands, --wait and --json promise. A plain `VERB [JSON]` has its own older promise (plain_verb.hpp).
enum ExitStatus : int {
  kDone = 0,
  kRefused = 1,  ///< an Error reply, or a job that did not succeed
  kUsage = 2,
  kNoServer = 3,
  kTimedOut = 4,
};

/// With --strict a plain Command tells an Error reply by this status (spec protocol 13).
inline constexpr int kStrictErrorReply = 3;

}  // namespace cmdsrv::ctl
