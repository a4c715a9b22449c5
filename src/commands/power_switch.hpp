#pragma once

#include <chrono>
#include <mutex>
#include <string_view>

#include "content/settings.hpp"
#include "platform/root.hpp"
#include "platform/timer_thread.hpp"

namespace cmdsrv {

enum class PowerAct { Reboot, PowerOff };

/// Restarts the machine or switches it off, a moment after that was asked for, so that the answer reaches the client.
/// In a box only programs of the box are run; with the key dry_run, or CMDSRV_DRY_RUN in the environment, none. Any
/// thread.
class PowerSwitch {
 public:
  PowerSwitch(const Settings& settings, const Root& root, std::chrono::milliseconds delay = std::chrono::seconds(3));
  /// What was promised is done at once.
  ~PowerSwitch() { Stop(); }
  PowerSwitch(const PowerSwitch&) = delete;
  PowerSwitch& operator=(const PowerSwitch&) = delete;

  /// While one is under way, all others are ignored.
  void Ask(PowerAct act);

  /// Ends the delay; what was promised is done before this returns.
  void Stop();

 private:
  void Act(PowerAct act) const;

  const Root& root_;
  const bool dry_run_;
  const std::chrono::milliseconds delay_;
  std::mutex mutex_;
  TimerThread::Id waiting_ = 0;         ///< guarded by mutex_; 0: nothing is under way
  PowerAct wanted_ = PowerAct::Reboot;  ///< guarded by mutex_
  TimerThread timer_;
};

}  // namespace cmdsrv
