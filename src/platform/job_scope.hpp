#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "platform/event_loop.hpp"

namespace cmdsrv {

/// A transient scope of systemd: a control group of its own for a process and all that descends from it, beside that of
/// the service, so that the end of the service does not take it along.
struct ScopeWish {
  std::string name;         ///< "iiab-job-12.scope"
  std::string description;  ///< for systemctl
  pid_t pid = 0;
  bool low_priority = false;  ///< a fifth of the usual weight for processor and disk
};

/// Has such scopes made by systemd over D-Bus. The loop's thread only. Nothing here waits: an answer, or the lack of
/// one, comes as an event.
class ScopeMaker {
 public:
  /// `address`: of the system bus, "unix:path=/run/dbus/system_bus_socket". It is connected to when it is first needed,
  /// and again when the connection was lost. `loop` must be a real one and outlive it.
  static std::unique_ptr<ScopeMaker> Make(EventLoop& loop, std::string address);
  virtual ~ScopeMaker() = default;

  /// Destroyed: nobody is told any more.
  class Wait {
   public:
    virtual ~Wait() = default;
  };
  using Done = std::function<void(const Result<void>&)>;

  /// `done` is called once, never from within this call: when the process is in its scope, or when that cannot be had.
  /// Timeout after two seconds without an answer; for a minute after that it fails at once, so that a bus that hangs
  /// does not hold up every job.
  virtual std::unique_ptr<Wait> Move(const ScopeWish& wish, Done done) = 0;
};

}  // namespace cmdsrv
