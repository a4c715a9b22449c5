#pragma once

#include <string>
#include <string_view>

#include "base/json.hpp"
#include "base/result.hpp"
#include "support/wait.hpp"

namespace cmdsrv::test {

/// Sends one Command to the server's socket (a file path) over a connection of its own and returns the reply's text.
/// Raw ZeroMQ, so that a mistake in the project's own client cannot hide one in the server.
/// Timeout when there is no reply within `deadline`.
Result<std::string> AskText(const std::string& socket, std::string_view command, milliseconds deadline = seconds(10));

/// The reply as JSON; Corrupt when it is none.
Result<json::value> Ask(const std::string& socket, std::string_view command, milliseconds deadline = seconds(10));

}  // namespace cmdsrv::test
