#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "jobs/job_status.hpp"
#include "jobs/progress.hpp"

namespace cmdsrv {

/// One job as it stands after something happened to it.
struct JobChange {
  std::uint64_t seq = 0;  ///< given by JobEvents
  JobId id;
  CommandId group;
  int step_no = 1;
  int step_count = 1;
  JobStatus status = JobStatus::Scheduled;
  std::string reason_code;  ///< why it does not run, see reasons.hpp; empty while it runs
  std::string reason;       ///< a sentence
  std::optional<Progress> progress;
  std::int64_t output_bytes = -1;  ///< -1: its status or reason changed; otherwise it printed, so many bytes until now
};

struct JobChanges {
  std::uint64_t seq = 0;           ///< to ask with the next time
  bool snapshot = false;           ///< `changes` are all unfinished jobs as they stand, not what happened
  std::vector<JobChange> changes;  ///< in order
};

/// The last changes of all jobs, numbered, for whoever waits for news. Bounded: of what a job prints only the newest
/// change is kept, and beyond kMost changes the oldest go; who asks for one of those learns that there is a gap.
/// Numbers begin at a random place in each life of the server, so that one of an earlier life is known as such. Any
/// thread; no lock is held for longer than it takes to copy.
class JobEvents {
 public:
  static constexpr std::size_t kMost = 1024;

  JobEvents();
  explicit JobEvents(std::uint64_t latest) : dropped_(latest), latest_(latest) {}

  /// Numbers them and wakes whoever waits. The Minder's thread only.
  void Push(std::vector<JobChange> changes);

  /// What came after number `since`; empty when `since` is not one of the kept numbers: a gap.
  std::optional<JobChanges> After(std::uint64_t since) const;

  std::uint64_t Latest() const { return latest_; }

  /// How many jobs came to this final status since the start of the server.
  std::uint64_t Ended(JobStatus status) const { return ended_[static_cast<std::size_t>(status)]; }

  /// `wake` is called after a Push, in the Minder's thread, as long as `Waiting(true)` holds; it must not block. Empty:
  /// nobody is woken any more once this has returned.
  void OnPush(std::function<void()> wake);
  void Waiting(bool somebody) { waiting_ = somebody; }

 private:
  void DropSuperseded(const JobChange& change);

  mutable std::mutex mutex_;  // guards what is not atomic
  std::deque<JobChange> kept_;
  std::uint64_t dropped_;  // the highest number that went because of kMost
  std::atomic<std::uint64_t> latest_;
  std::atomic<bool> waiting_{false};
  std::function<void()> wake_;
  std::array<std::atomic<std::uint64_t>, 6> ended_{};  // by JobStatus
};

}  // namespace cmdsrv
