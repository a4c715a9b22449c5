#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "commands/health.hpp"
#include "content/kiwix_catalog.hpp"
#include "content/library_xml.hpp"
#include "content/settings.hpp"
#include "jobs/job_board.hpp"
#include "platform/process.hpp"
#include "platform/root.hpp"

namespace cmdsrv {

/// What handlers may use. Everything in it is safe to use from several workers at once and outlives them.
struct Services {
  const Settings& settings;
  const Root& root;
  const Clock& clock;
  JobBoard& jobs;
  HealthBoard& health;
  KiwixCatalogCache& zim_catalog;
  LibraryCache& library;
  int stop_fd = -1;  ///< readable when the server stops; ends programs that handlers wait for
};

/// Runs one of our own steps or an outside program for a handler: clean environment, deadline, ended when the server stops.
Result<RunOutcome> RunForHandler(const Services& services, const std::vector<std::string>& argv,
                                 std::chrono::milliseconds deadline);

}  // namespace cmdsrv
