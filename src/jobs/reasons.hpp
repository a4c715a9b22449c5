#pragma once

/// The kinds of reasons why a job does not run, as programs read them ("reason": {"code", "text"}). The sentence beside
/// the code is for people and may change; these words may not.
namespace cmdsrv::reason {

// It waits.
inline constexpr const char* kJob = "job";          ///< for an earlier step; ended: because that step did not succeed
inline constexpr const char* kService = "service";  ///< for a service; ended: it did not come in time
inline constexpr const char* kAnsible = "ansible";  ///< for the end of an Ansible run
inline constexpr const char* kLock = "lock";        ///< for another job that uses the same thing
inline constexpr const char* kSlot = "slot";        ///< for the end of any other job
inline constexpr const char* kSpace = "space";      ///< for space on a disk, which others were promised or use
inline constexpr const char* kNetwork = "network";  ///< for the network
inline constexpr const char* kRetry = "retry";      ///< for its next try; ended: given up after days of tries
inline constexpr const char* kPause = "pause";      ///< for a moment, because something went wrong; it is tried again
inline constexpr const char* kMerged = "merged";    ///< for another job that does the same; ended: that one did it
inline constexpr const char* kStart = "start";      ///< it is about to start; ended: it could not be started
inline constexpr const char* kCancel = "cancel";    ///< it is being cancelled
inline constexpr const char* kLeftovers = "leftovers";  ///< what an interrupted run left behind is being ended

// It ended.
inline constexpr const char* kSucceeded = "succeeded";
inline constexpr const char* kExit = "exit";                ///< with another status than 0
inline constexpr const char* kSignal = "signal";            ///< by a signal that nobody of us sent
inline constexpr const char* kInterrupted = "interrupted";  ///< too often, or it must not be repeated
inline constexpr const char* kRequest = "request";          ///< cancelled on request
inline constexpr const char* kDuplicate = "duplicate";      ///< cancelled: the same Command was sent again later
inline constexpr const char* kOld = "old";                  ///< cancelled: made by a server that knew less of it
inline constexpr const char* kFailed = "failed";            ///< nobody recorded why
inline constexpr const char* kCancelled = "cancelled";      ///< nobody recorded why

}  // namespace cmdsrv::reason
