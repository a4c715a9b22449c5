#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.hpp"
#include "server/request.hpp"

namespace cmdsrv {

/// Replies that must not go out yet, by the time at which they may. Router's thread only; no timer of its own.
class DelayedReplies {
 public:
  void Add(Reply reply, SteadyTime due);
  /// When the next one is due; empty when there is none.
  std::optional<SteadyTime> NextDue() const;
  /// The next one that is due at `now`, in order of time, then of adding.
  std::optional<Reply> TakeDue(SteadyTime now);
  bool Empty() const { return heap_.empty(); }
  std::size_t Size() const { return heap_.size(); }

 private:
  struct Entry {
    SteadyTime due;
    std::uint64_t number;
    Reply reply;
  };
  static bool IsLater(const Entry& a, const Entry& b) { return a.due != b.due ? a.due > b.due : a.number > b.number; }

  std::vector<Entry> heap_;  ///< the earliest is in front
  std::uint64_t next_number_ = 0;
};

}  // namespace cmdsrv
