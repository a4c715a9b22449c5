#include "ctl/news.hpp"

#include <algorithm>

namespace cmdsrv::ctl {
namespace {

using std::chrono::milliseconds;

std::int64_t Number(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  boost::system::error_code error;
  const auto number = value != nullptr && value->is_number() ? value->to_number<std::int64_t>(error) : 0;
  return error ? 0 : number;
}

std::optional<std::uint64_t> SeqOf(const Reply& reply) {
  if (!reply.value.is_object()) return std::nullopt;
  const std::int64_t seq = Number(reply.value.get_object(), "seq");
  return seq > 0 ? std::optional(static_cast<std::uint64_t>(seq)) : std::nullopt;
}

}  // namespace

void News::Begin() {
  if (seq_ || unsupported_) return;
  const auto reply = AskServer(session_, "WAIT-EVENTS");
  asked_ = false;
  if (reply) seq_ = SeqOf(*reply);
  unsupported_ = reply ? !seq_ : reply.error().message == "Unknown Command";
}

Result<Reply> News::Ask(milliseconds deadline) {
  auto raw = std::exchange(asked_, true)
                 ? session_.server.WaitOn(deadline)
                 : session_.server.Ask(MakeCommand("WAIT-EVENTS", {{"since", *seq_}, {"timeout", 60}}), deadline);
  if (!raw) return Failure(std::move(raw.error()));
  return ReadReply(std::move(*raw));
}

News::Came News::Wait(milliseconds most, const std::function<bool(std::int64_t, std::int64_t)>& concerns) {
  if (!seq_) return Came::Away;
  const SteadyTime end = session_.clock.Steady() + most;
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(end - session_.clock.Steady());
    if (left <= milliseconds{0}) return Came::Nothing;
    const auto reply = Ask(left);
    if (!reply && reply.error().code == ErrorCode::Timeout) return Came::Nothing;
    asked_ = false;
    if (const Came came = Take(reply, concerns); came != Came::Nothing) return came;
  }
}

News::Came News::Take(const Result<Reply>& reply, const std::function<bool(std::int64_t, std::int64_t)>& concerns) {
  const auto seq = reply ? SeqOf(*reply) : std::nullopt;
  seq_ = seq;
  if (!seq) return Came::Away;
  raw_ = reply->raw;
  const json::object& object = reply->value.get_object();
  const json::value* snapshot = object.if_contains("snapshot");
  if (snapshot != nullptr && snapshot->is_bool() && snapshot->get_bool()) return Came::Change;
  const json::value* events = object.if_contains("events");
  Came came = Came::Nothing;
  if (events == nullptr || !events->is_array()) return came;
  for (const json::value& value : events->get_array()) {
    if (!value.is_object()) continue;
    const json::object& event = value.get_object();
    if (!concerns(Number(event, "job_id"), Number(event, "group_id"))) continue;
    if (!event.contains("size")) return Came::Change;
    came = Came::Output;
  }
  return came;
}

}  // namespace cmdsrv::ctl
