#pragma once

#include <string>
#include <string_view>

#include "base/json.hpp"
#include "base/result.hpp"

namespace cmdsrv {

/// verb = [A-Z][A-Z0-9-]*, arguments = one JSON object (spec protocol 4).
struct Command {
  std::string verb;
  json::object arguments;
};

inline constexpr std::size_t kMaxCommandBytes = 1U << 20U;  ///< default of the key max_command_bytes

/// The text before the first blank: what is looked up, logged (masked) and named in replies, without parsing anything.
std::string_view VerbOf(std::string_view text);

/// Errors: Malformed with the reason for the log (no UTF-8, NUL, not JSON, not an object, too deep). An unknown verb is
/// not looked at here; a verb that breaks its grammar gives NotFound ("Unknown Command").
Result<Command> ParseCommand(std::string_view text);

/// Verb, a blank, and the canonical arguments; the verb alone when there are none. Equal for Commands that mean the same.
std::string CanonicalText(const Command& command);

}  // namespace cmdsrv
