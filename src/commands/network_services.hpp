#pragma once

#include "commands/host_programs.hpp"
#include "commands/known_passwords.hpp"
#include "commands/network_guard.hpp"
#include "platform/internet_probe.hpp"
#include "platform/timer_thread.hpp"

namespace cmdsrv {

/// What the handlers of the network share. Safe to use from several workers at once.
struct NetworkServices {
  NetworkServices(const Settings& settings, const Root& root, HealthBoard& health, InternetProbe& probe, int stop_fd)
      : internet(probe),
        known_passwords(root),
        programs(settings, root, stop_fd),
        guard(settings, root, programs, health, timer) {}

  InternetProbe& internet;
  KnownPasswords known_passwords;
  const HostPrograms programs;
  NetworkGuard guard;
  TimerThread timer;  ///< ends before what its functions use
};

}  // namespace cmdsrv
