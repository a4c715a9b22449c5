#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "steps/context.hpp"

namespace cmdsrv {

/// What a step achieved, as its last line; or why it did not. The exit statuses of base/step_exit.hpp: Malformed (the
/// arguments are wrong), Busy (somebody else holds the lock it needs), Stated (of several things none could be done),
/// NoNetwork and TryLater (the Minder tries it again where the plan allows that); every other failure is one for good.
using StepEnd = Result<std::string>;

enum class Needs { Nothing, Settings };

struct Step {
  std::string_view name;         ///< iiab-cmdsrv-step NAME
  std::string_view link_name;    ///< the program's name in /usr/bin that means this step; empty: none
  std::string_view link_option;  ///< that the link name stands for beside the step; empty: none
  Needs needs;                   ///< Nothing: runs with an empty context, where no cmdsrv.conf is
  StepEnd (*run)(const Context& context, std::span<const std::string> arguments);
  std::string_view usage;  ///< "SECONDS", "--url URL …"
  std::string_view summary;
  /// Exit statuses of its own where old scripts know others than those of base/step_exit.hpp.
  int (*status_of)(ErrorCode) = nullptr;
};

/// The one list of all steps.
std::span<const Step> Steps();

/// By name, or by link name. Null when there is none.
const Step* FindStep(std::string_view name);
const Step* FindStepByLink(std::string_view program);

// The steps, each in its own file.
StepEnd TestJob(const Context& context, std::span<const std::string> arguments);
StepEnd ZimFetch(const Context& context, std::span<const std::string> arguments);
StepEnd ZimInstall(const Context& context, std::span<const std::string> arguments);
StepEnd ZipFetch(const Context& context, std::span<const std::string> arguments);
StepEnd ZipUnpack(const Context& context, std::span<const std::string> arguments);
StepEnd ZipInstall(const Context& context, std::span<const std::string> arguments);
StepEnd MakeKiwixLib(const Context& context, std::span<const std::string> arguments);
StepEnd UpdateMenus(const Context& context, std::span<const std::string> arguments);
StepEnd CopyImage(const Context& context, std::span<const std::string> arguments);
StepEnd CopyZim(const Context& context, std::span<const std::string> arguments);
StepEnd RunRoles(const Context& context, std::span<const std::string> arguments);
StepEnd UpgradeZims(const Context& context, std::span<const std::string> arguments);
StepEnd CopyModule(const Context& context, std::span<const std::string> arguments);
StepEnd ModuleFetch(const Context& context, std::span<const std::string> arguments);
StepEnd ModuleInstall(const Context& context, std::span<const std::string> arguments);
StepEnd ModuleCatalogStep(const Context& context, std::span<const std::string> arguments);
int ModuleCatalogStatus(ErrorCode code);
StepEnd InetSpeed(const Context& context, std::span<const std::string> arguments);
StepEnd SyncMenuDefs(const Context& context, std::span<const std::string> arguments);
StepEnd MapFetch(const Context& context, std::span<const std::string> arguments);
StepEnd MapInstall(const Context& context, std::span<const std::string> arguments);
StepEnd MapFinish(const Context& context, std::span<const std::string> arguments);
StepEnd PresetMenu(const Context& context, std::span<const std::string> arguments);
StepEnd MakePreset(const Context& context, std::span<const std::string> arguments);
StepEnd ImportKolibri(const Context& context, std::span<const std::string> arguments);
StepEnd KiwixCatalogStep(const Context& context, std::span<const std::string> arguments);
StepEnd AddModuleToMenu(const Context& context, std::span<const std::string> arguments);
StepEnd KaliteLanguage(const Context& context, std::span<const std::string> arguments);
StepEnd KaliteVideos(const Context& context, std::span<const std::string> arguments);
StepEnd RachelFetch(const Context& context, std::span<const std::string> arguments);
StepEnd RachelUnpack(const Context& context, std::span<const std::string> arguments);
StepEnd RachelInstall(const Context& context, std::span<const std::string> arguments);
int RachelInstallStatus(ErrorCode code);
StepEnd UrlCheck(const Context& context, std::span<const std::string> arguments);

}  // namespace cmdsrv
