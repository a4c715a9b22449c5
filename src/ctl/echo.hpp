#pragma once

#include <string>
#include <string_view>

#include "base/json.hpp"

namespace cmdsrv::ctl {

/// What "message to send:" shows of `message`. Arguments are shown only when `commands`, the reply to LIST-COMMANDS,
/// has a row for the verb that says they are not sensitive: a mistyped CHGPW holds a password too. nullptr: no such
/// reply.
std::string ShownMessage(std::string_view message, const json::value* commands);

/// True when nothing has to be hidden, whatever the table says: a verb without arguments.
bool IsHarmlessAlone(std::string_view message);

}  // namespace cmdsrv::ctl
