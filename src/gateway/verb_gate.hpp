#pragma once

#include <string_view>

namespace cmdsrv::gateway {

/// False for AUTHENTICATE and STOP in every form: other case, blanks or other invisible characters around them. The
/// server would not take most of these for the verb; a gateway that is surer than that costs nothing.
/// `stop_allowed`: the operator let browsers stop the server (allow_stop_from_web).
bool MayPass(std::string_view command, bool stop_allowed);

}  // namespace cmdsrv::gateway
