#include "server/parked_requests.hpp"

#include <algorithm>
#include <utility>

namespace cmdsrv {

bool ParkedRequests::Add(Address to, std::uint64_t since, SteadyTime due) {
  if (parked_.size() >= kMost) return false;
  const auto own = std::ranges::count(parked_, to.identity, [](const auto& entry) { return entry.second.to.identity; });
  if (std::cmp_greater_equal(own, kMostOfOne)) return false;
  parked_.emplace(due, Parked{std::move(to), since});
  return true;
}

std::optional<SteadyTime> ParkedRequests::NextDue() const {
  if (parked_.empty()) return std::nullopt;
  return parked_.begin()->first;
}

std::vector<ParkedRequests::Parked> ParkedRequests::TakeDue(SteadyTime now) {
  std::vector<Parked> taken;
  while (!parked_.empty() && parked_.begin()->first <= now) {
    taken.push_back(std::move(parked_.begin()->second));
    parked_.erase(parked_.begin());
  }
  return taken;
}

std::vector<ParkedRequests::Parked> ParkedRequests::TakeBefore(std::uint64_t latest) {
  std::vector<Parked> taken;
  std::erase_if(parked_, [&](auto& entry) {
    if (entry.second.since >= latest) return false;
    taken.push_back(std::move(entry.second));
    return true;
  });
  return taken;
}

}  // namespace cmdsrv
