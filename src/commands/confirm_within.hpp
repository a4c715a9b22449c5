#pragma once

#include <chrono>
#include <optional>

#include "commands/arguments.hpp"

namespace cmdsrv {

/// The optional argument of the verbs that change the network.
inline constexpr Parameter kConfirmWithin{
    .name = "confirm_within", .type = Type::Integer, .need = Need::Optional, .least = 1, .most = 3600};

inline std::optional<std::chrono::seconds> ConfirmWithin(const Arguments& arguments) {
  const auto wanted = arguments.Integer("confirm_within");
  return wanted ? std::optional(std::chrono::seconds(*wanted)) : std::nullopt;
}

}  // namespace cmdsrv
