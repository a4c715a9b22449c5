#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "base/clock.hpp"
#include "server/request.hpp"

namespace cmdsrv {

/// Clients that wait for news (WAIT-EVENTS): no worker, no thread, about two hundred bytes each. A client that goes
/// away is forgotten when its time is over. Router's thread only; no timer of its own.
class ParkedRequests {
 public:
  static constexpr std::size_t kMost = 1024;
  static constexpr std::size_t kMostOfOne = 16;  ///< on one connection: nobody takes the place of all others

  struct Parked {
    Address to;
    std::uint64_t since = 0;
  };

  /// False when there is no room, or none for this client.
  bool Add(Address to, std::uint64_t since, SteadyTime due);

  bool Empty() const { return parked_.empty(); }
  std::size_t Size() const { return parked_.size(); }
  std::optional<SteadyTime> NextDue() const;

  /// Those whose time is over.
  std::vector<Parked> TakeDue(SteadyTime now);
  /// Those for whom there is news.
  std::vector<Parked> TakeBefore(std::uint64_t latest);

 private:
  std::multimap<SteadyTime, Parked> parked_;
};

}  // namespace cmdsrv
