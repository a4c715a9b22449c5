#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "commands/health.hpp"
#include "commands/way_back.hpp"
#include "platform/timer_thread.hpp"

namespace cmdsrv {

/// Changes of the network, one at a time, each with its way back. One that wants to be confirmed goes back by itself
/// when nobody does: after its time, and at the next start when the server (or the box) ended meanwhile. The way back
/// is on disk before the change begins. Any thread.
class NetworkGuard {
 public:
  NetworkGuard(const Settings& settings, const Root& root, const HostPrograms& programs, HealthBoard& health,
               TimerThread& timers);

  /// A change under way. Goes back when it ends without Keep.
  class Change {
   public:
    Change(Change&& other) noexcept : guard_(std::exchange(other.guard_, nullptr)) {}
    Change& operator=(Change&&) = delete;
    ~Change();

    /// Before anything is changed. Errors: the way back cannot be written; nothing may be changed then.
    Result<void> Arm(WayBack way, std::optional<std::chrono::seconds> confirm_within);

    /// It is done; from now on the time to confirm runs. Errors: that cannot be written down, so it went back.
    Result<void> Keep();

    /// Nothing was changed, so nothing has to be taken back.
    void Drop();

    /// Now, and says which acts failed.
    std::vector<WayBackAct::Kind> GoBack();

   private:
    friend class NetworkGuard;
    explicit Change(NetworkGuard* guard) : guard_(guard) {}
    NetworkGuard* guard_;
  };

  /// Refused while another change is under way or waits to be confirmed.
  Result<Change> Begin(std::string_view verb);

  /// Keeps the change that waits, or takes it back at once. Refused when there is none, or it is going back already.
  Result<void> Confirm(bool keep);

  struct Waiting {
    std::string verb;
    std::chrono::seconds left{};
  };
  /// The change that waits to be confirmed.
  std::optional<Waiting> Unconfirmed() const;

  /// At the start of the server: goes on with what an earlier one left.
  void TakeUp();

 private:
  enum class State { Idle, UnderWay, Waiting, GoingBack, Stuck };

  Result<void> Write(std::chrono::milliseconds until) const;
  Result<void> Remove() const;
  std::vector<WayBackAct::Kind> EndUnkept();
  void GoBackLater(std::chrono::milliseconds delay);
  void GoBack();
  void TakeUp(const json::object& left_behind);

  const Settings& settings_;
  const Root& root_;
  const HostPrograms& programs_;
  HealthBoard& health_;
  TimerThread& timers_;
  const std::string path_;

  mutable std::mutex mutex_;
  State state_ = State::Idle;  ///< guarded by mutex_, as all below
  std::string verb_;
  WayBack way_;
  std::optional<std::chrono::seconds> confirm_within_;
  std::chrono::milliseconds until_{};  ///< on the clock of the boot
  TimerThread::Id timer_ = 0;
  int tries_ = 0;
};

}  // namespace cmdsrv
