#include "server/delayed_replies.hpp"

#include <algorithm>

namespace cmdsrv {

void DelayedReplies::Add(Reply reply, SteadyTime due) {
  heap_.push_back({due, next_number_++, std::move(reply)});
  std::ranges::push_heap(heap_, IsLater);
}

std::optional<SteadyTime> DelayedReplies::NextDue() const {
  if (heap_.empty()) return std::nullopt;
  return heap_.front().due;
}

std::optional<Reply> DelayedReplies::TakeDue(SteadyTime now) {
  if (heap_.empty() || heap_.front().due > now) return std::nullopt;
  std::ranges::pop_heap(heap_, IsLater);
  Reply reply = std::move(heap_.back().reply);
  heap_.pop_back();
  return reply;
}

}  // namespace cmdsrv
