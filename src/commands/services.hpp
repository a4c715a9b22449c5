#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "commands/account_gate.hpp"
#include "commands/box_services.hpp"
#include "commands/config_services.hpp"
#include "commands/content_services.hpp"
#include "commands/health.hpp"
#include "commands/network_services.hpp"
#include "commands/server_stats.hpp"
#include "commands/shared_run.hpp"
#include "content/kiwix_catalog.hpp"
#include "content/library_xml.hpp"
#include "content/settings.hpp"
#include "jobs/job_board.hpp"
#include "platform/process.hpp"
#include "platform/root.hpp"
#include "protocol/answer.hpp"

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
  SharedRun& catalog_refresh;
  ContentServices& content;
  ServerStats& stats;
  AccountGate& accounts;
  BoxServices& box;
  ConfigServices& config;
  NetworkServices& network;
  ReadyJson adm_conf;  ///< RenderAdmConf(settings)
  SteadyTime started;  ///< of the server
  int stop_fd = -1;    ///< readable when the server stops; ends programs that handlers wait for
};

/// The reply of GET-ADM-CONF; made once, because it is asked at every login and never changes.
ReadyJson RenderAdmConf(const Settings& settings);

/// Runs one of our own steps or an outside program for a handler: clean environment, deadline, ended when the server
/// stops.
Result<RunOutcome> RunForHandler(const Services& services, const std::vector<std::string>& argv,
                                 std::chrono::milliseconds deadline);

/// True for an exit with status 0.
bool Succeeded(const Result<RunOutcome>& outcome);

/// Why it did not succeed, with what it printed; for the log.
std::string WhyNot(const Result<RunOutcome>& outcome);

/// `iiab-cmdsrv-step NAME …` as an argument vector with the absolute path of our step program.
std::vector<std::string> OwnStep(std::vector<std::string> name_and_arguments);

/// The same as a step of a plan; shown as "iiab-cmdsrv-step NAME …", URL credentials masked.
StepPlan PlanOwnStep(std::vector<std::string> name_and_arguments, std::vector<std::string> locks);

}  // namespace cmdsrv
