#pragma once

#include <chrono>
#include <string>
#include <string_view>

/// What the browser gets (spec gateway 7 and 8). Pure functions.
namespace cmdsrv::gateway {

/// An Error reply unchanged; any other JSON as {"Data": …,"Resp_time": "0.0123"}; what is no JSON as an Error that
/// names the verb of `command`.
std::string WrapReply(std::string_view command, std::string_view reply, std::chrono::nanoseconds took);

/// {"Error": "…"}; with `alert` the console shows it while it starts up.
std::string ErrorBody(std::string_view text, bool alert);

/// True for {"Success": …} at the top level.
bool IsSuccess(std::string_view reply);

inline constexpr std::string_view kNotRunning = "CMDSRV is not running.";
inline constexpr std::string_view kNotReady = "CMDSRV has started but is not ready.";
inline constexpr std::string_view kInvalidCommand = "Invalid command.";
inline constexpr std::string_view kUnreachable = "Unable to reach CMDSRV.";
inline constexpr std::string_view kTooLate =
    "CMDSRV has not answered yet. It may be busy; what you asked for goes on there. Please look again later.";
inline constexpr std::string_view kMalformedCommand = "Malformed Command .";

}  // namespace cmdsrv::gateway
