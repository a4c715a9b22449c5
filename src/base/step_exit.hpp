#pragma once

namespace cmdsrv {

/// How a step tells the Minder why it failed: by its exit status, in the manner of sysexits.h. Its last line is the
/// reason, a sentence. A status that is not here is a failure that trying again does not mend.
struct StepExit {
  static constexpr int kDone = 0;
  static constexpr int kFailed = 1;
  static constexpr int kUsage = 2;       ///< the arguments are wrong
  static constexpr int kNothingDone = 3;  ///< of several things none could be done; some would have been kFailed
  static constexpr int kBusy = 4;        ///< somebody else holds what it needs
  static constexpr int kNoNetwork = 68;  ///< EX_NOHOST: no host could be reached at all
  static constexpr int kTryLater = 75;   ///< EX_TEMPFAIL: worth another try, later
};

}  // namespace cmdsrv
