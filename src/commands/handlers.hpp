#pragma once

#include "base/result.hpp"
#include "commands/arguments.hpp"
#include "commands/services.hpp"
#include "commands/table.hpp"

/// One function per verb, named by what it does; the table pairs them with their verbs.
namespace cmdsrv {

// control_commands.cpp
Result<Outcome> Test(const Arguments&, Services&);
Result<Outcome> TestJob(const Arguments&, Services&);
Result<Outcome> Wget(const Arguments&, Services&);
Result<Outcome> GetAdmConf(const Arguments&, Services&);
Result<Outcome> ListCommands(const Arguments&, Services&);
Result<Outcome> GetHealth(const Arguments&, Services&);

// job_commands.cpp
Result<Outcome> GetJobStat(const Arguments&, Services&);
Result<Outcome> GetJobActiveSum(const Arguments&, Services&);
Result<Outcome> GetJobLog(const Arguments&, Services&);
Result<Outcome> CancelJob(const Arguments&, Services&);
Result<Outcome> RetryJob(const Arguments&, Services&);
Result<Outcome> WaitEvents(const Arguments&, Services&);

// stats_commands.cpp
Result<Outcome> GetStats(const Arguments&, Services&);

// role_commands.cpp
Result<Outcome> GetRolesStat(const Arguments&, Services&);

// fact_commands.cpp
Result<Outcome> GetMemInfo(const Arguments&, Services&);
Result<Outcome> GetStorageInfo(const Arguments&, Services&);
Result<Outcome> GetHwInfo(const Arguments&, Services&);
Result<Outcome> GetRpiState(const Arguments&, Services&);
Result<Outcome> GetSystemInfo(const Arguments&, Services&);

// power_commands.cpp
Result<Outcome> Reboot(const Arguments&, Services&);
Result<Outcome> PowerOff(const Arguments&, Services&);

// device_commands.cpp
Result<Outcome> GetRemDevList(const Arguments&, Services&);
Result<Outcome> GetExtDevInfo(const Arguments&, Services&);
Result<Outcome> RemoveUsb(const Arguments&, Services&);
Result<Outcome> CopyDevImage(const Arguments&, Services&);

// library_commands.cpp
Result<Outcome> ListLibrary(const Arguments&, Services&);
Result<Outcome> DelDownloads(const Arguments&, Services&);

// storage_commands.cpp
Result<Outcome> GetSpaceAvail(const Arguments&, Services&);

// zim_commands.cpp
Result<Outcome> GetKiwixCat(const Arguments&, Services&);
Result<Outcome> GetZimStat(const Arguments&, Services&);
Result<Outcome> InstallZims(const Arguments&, Services&);
Result<Outcome> PlanZims(const Arguments&, Services&);
Result<Outcome> MakeKiwixLib(const Arguments&, Services&);
Result<Outcome> RestartKiwix(const Arguments&, Services&);

// delete_commands.cpp
Result<Outcome> DelContent(const Arguments&, Services&);
Result<Outcome> DelModules(const Arguments&, Services&);

// copy_commands.cpp
Result<Outcome> CopyZims(const Arguments&, Services&);

// module_commands.cpp
Result<Outcome> GetOer2goCat(const Arguments&, Services&);
Result<Outcome> GetOer2goStat(const Arguments&, Services&);
Result<Outcome> InstallModule(const Arguments&, Services&);
Result<Outcome> CopyModules(const Arguments&, Services&);

// map_commands.cpp
Result<Outcome> GetOsmVectCat(const Arguments&, Services&);
Result<Outcome> GetOsmVectStat(const Arguments&, Services&);
Result<Outcome> InstallMap(const Arguments&, Services&);
Result<Outcome> InstallSatelliteArea(const Arguments&, Services&);

// preset_commands.cpp
Result<Outcome> GetPresetList(const Arguments&, Services&);
Result<Outcome> InstallPreset(const Arguments&, Services&);
Result<Outcome> MakePreset(const Arguments&, Services&);

// rachel_commands.cpp
Result<Outcome> GetRachelStat(const Arguments&, Services&);
Result<Outcome> InstallRachel(const Arguments&, Services&);

// kalite_commands.cpp
Result<Outcome> InstallKalite(const Arguments&, Services&);

// plan_command.cpp
Result<Outcome> PlanCommand(const Arguments&, Services&);
Result<Outcome> PlanPresetCommand(const Arguments&, Services&);  ///< of PLAN, for INST-PRESETS

// kolibri_commands.cpp
Result<Outcome> InstallKolibri(const Arguments&, Services&);

// zim_upgrade_commands.cpp
Result<Outcome> GetUpgradeableZims(const Arguments&, Services&);
Result<Outcome> UpgradeZims(const Arguments&, Services&);

// account_commands.cpp
Result<Outcome> Authenticate(const Arguments&, Services&);
Result<Outcome> ChangePassword(const Arguments&, Services&);

// config_commands.cpp
Result<Outcome> GetVars(const Arguments&, Services&);
Result<Outcome> GetIiabIni(const Arguments&, Services&);
Result<Outcome> SetConf(const Arguments&, Services&);

// ansible_commands.cpp
Result<Outcome> GetAns(const Arguments&, Services&);
Result<Outcome> GetAnsTags(const Arguments&, Services&);
Result<Outcome> RunAnsible(const Arguments&, Services&);
Result<Outcome> RunAnsibleRoles(const Arguments&, Services&);
Result<Outcome> ResetNetwork(const Arguments&, Services&);

// network_commands.cpp
Result<Outcome> GetNetworkInfo(const Arguments&, Services&);
Result<Outcome> ConfirmNetwork(const Arguments&, Services&);

// hotspot_commands.cpp
Result<Outcome> CtlHotspot(const Arguments&, Services&);
Result<Outcome> CtlWifi(const Arguments&, Services&);
Result<Outcome> CtlBluetooth(const Arguments&, Services&);

// wifi_commands.cpp
Result<Outcome> SetWifiConnectionParams(const Arguments&, Services&);
Result<Outcome> RemoveWifiConnectionParams(const Arguments&, Services&);

// vpn_commands.cpp
Result<Outcome> CtlVpn(const Arguments&, Services&);
Result<Outcome> GetTailscaleStatus(const Arguments&, Services&);
Result<Outcome> CtlTailscale(const Arguments&, Services&);

// proxy_commands.cpp
Result<Outcome> GetWhlist(const Arguments&, Services&);
Result<Outcome> SetWhlist(const Arguments&, Services&);

// speed_commands.cpp
Result<Outcome> GetInetSpeed(const Arguments&, Services&);
Result<Outcome> GetInetSpeed2(const Arguments&, Services&);

// menu_commands.cpp
Result<Outcome> UpdateHomeMenu(const Arguments&, Services&);
Result<Outcome> GetMenuItemDefList(const Arguments&, Services&);
Result<Outcome> SaveMenuDef(const Arguments&, Services&);
Result<Outcome> SaveMenuItemDef(const Arguments&, Services&);
Result<Outcome> SyncMenuItemDefs(const Arguments&, Services&);

// icon_commands.cpp
Result<Outcome> MoveUploadedFile(const Arguments&, Services&);

}  // namespace cmdsrv
