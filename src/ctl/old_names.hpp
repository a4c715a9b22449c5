#pragma once

#include "ctl/command_line.hpp"

namespace cmdsrv::ctl {

/// The helper of this name (spec protocol 14) is this program: `iiab-install-oer2go-mod MODDIR` sends INST-OER2GO-MOD.
/// Every failure, also an Error reply, is status 1.
inline constexpr std::string_view kInstallModuleName = "iiab-install-oer2go-mod";

std::variant<Options, SaidByItself> ParseInstallModule(int argc, const char* const* argv);

}  // namespace cmdsrv::ctl
