#include "commands/health.hpp"

#include <algorithm>
#include <string_view>

namespace cmdsrv {
namespace {

std::string_view NameOf(PartState state) {
  switch (state) {
    case PartState::Loading: return "loading";
    case PartState::Good: return "good";
    case PartState::Degraded: return "degraded";
    case PartState::Broken: return "broken";
  }
  return "";
}

int Severity(PartState state) {
  switch (state) {
    case PartState::Good: return 0;
    case PartState::Loading: return 1;
    case PartState::Degraded: return 2;
    case PartState::Broken: return 3;
  }
  return 3;
}

}  // namespace

void HealthBoard::Set(const std::string& part, PartState state, std::string advice) {
  const std::scoped_lock lock(mutex_);
  parts_[part] = {state, std::move(advice)};
}

json::object HealthBoard::Describe() const {
  const std::scoped_lock lock(mutex_);
  PartState worst = PartState::Good;
  json::object parts;
  for (const auto& [name, part] : parts_) {
    if (Severity(part.state) > Severity(worst)) worst = part.state;
    parts[name] = {{"state", NameOf(part.state)}, {"advice", part.advice}};
  }
  return {{"state", NameOf(worst)}, {"parts", std::move(parts)}};
}

}  // namespace cmdsrv
