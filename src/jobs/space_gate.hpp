#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "jobs/job_minder.hpp"
#include "jobs/job_table.hpp"
#include "platform/event_loop.hpp"

namespace cmdsrv {

/// Promises chains of steps the bytes that they need, and holds those back that would not fit (jobs/space_rules.hpp).
/// The disks are looked at when a job with claims comes or is about to start, when a job ends or content is deleted
/// while somebody waits for space, and otherwise every `space_refresh` as long as somebody does. The Minder's thread
/// only, except SpaceFreed.
class SpaceGate {
 public:
  /// `changed` is called when answers came or it is time to look again.
  SpaceGate(const MinderOptions& options, const Clock& clock, std::shared_ptr<EventLoop> loop, JobTable& table,
            std::function<void()> changed);
  ~SpaceGate();

  /// SpaceWait::None for a job without claims, for a later step of a chain, and when nobody can look at disks.
  SpaceWait FirstState(const JobOptions& options, JobId depends_on) const;

  struct Hopeless {
    JobId id;
    std::string reason;
  };
  /// Asks about the disks when it has to, keeps the timer, and returns jobs that can never have their bytes; each once.
  std::vector<Hopeless> Look();

  /// A job has ended: there may be room now.
  void JobEnded() { changed_since_ = true; }

  /// Something was deleted. Any thread; costs nothing when nobody waits.
  void SpaceFreed();

 private:
  void Ask();
  void TakeAnswer(const SpaceFacts& facts);

  const MinderOptions& options_;
  const Clock& clock_;
  std::shared_ptr<EventLoop> loop_;
  JobTable& table_;
  std::function<void()> changed_;
  std::atomic<bool> wanted_{false};
  bool asking_ = false;
  bool changed_since_ = false;  ///< since the disks were last looked at
  SteadyTime next_look_{};
  EventLoop::SourcePtr timer_;
  std::vector<Hopeless> hopeless_;
  std::shared_ptr<SpaceGate*> self_;  // null inside once this is gone: answers may come later than that
};

}  // namespace cmdsrv
