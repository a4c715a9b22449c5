#include "server/router.hpp"

#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <map>

#include "base/log.hpp"
#include "base/log_subject.hpp"
#include "commands/table.hpp"
#include "protocol/command.hpp"
#include "protocol/envelope.hpp"
#include "protocol/reply.hpp"

namespace cmdsrv {
namespace {

constexpr log::Domain kServer{"server"};
constexpr std::size_t kBatch = 64;

// A client that is only slow reads its replies within moments; one that never reads must not hold our memory.
constexpr std::chrono::milliseconds kRetry{20};
constexpr std::size_t kMostHeldReplies = 4096;
constexpr std::size_t kMostHeldBytes = 32U << 20U;
constexpr int kMostRetries = 100;  // times kRetry: two seconds

Lane LaneOf(std::string_view verb) {
  const CommandRowInfo* row = FindCommand(verb);
  return row == nullptr ? Lane::Quick : row->lane;  // to be refused takes no time
}

Error NotYourSocket() { return {ErrorCode::Refused, "You may not use this socket."}; }

}  // namespace

Router::Router(RouterSocket& socket, RequestQueue& queue, ReplyBox& box, int signals, const RouterOptions& options,
               RouterHooks hooks)
    : socket_(socket),
      queue_(queue),
      box_(box),
      signals_(signals),
      options_(options),
      hooks_(std::move(hooks)),
      next_heartbeat_(clock_.Steady()) {}

Router::End Router::Run() {
  const std::array descriptors{signals_, box_.Descriptor()};
  while (phase_ != Phase::Over) {
    const unsigned readable = socket_.Wait(descriptors, UntilNextTimer(clock_.Steady()));
    if ((readable & 1U) != 0) TakeSignals();
    if ((readable & 2U) != 0) SendReady();
    ReceiveBatch();
    const SteadyTime now = clock_.Steady();
    HelpWorkers(now);
    SendDue(now);
    SendNews(now);
    Advance(now);
  }
  ReceiveBatch();  // what came in the last moment is refused, not forgotten
  if (dropped_ != 0) log::Warning(kServer, "{} replies were dropped because their clients did not read", dropped_);
  return {wanted_.end_jobs, hooks_.workers_ended()};
}

void Router::ReceiveBatch() {
  for (std::size_t i = 0; i < kBatch; ++i) {
    const auto message = socket_.Receive();
    if (!message) break;
    Handle(*message);
  }
  for (Reply& reply : instant_) Send(std::move(reply));
  instant_.clear();
  if (batch_.empty()) return;
  Enqueue();
  for (const Request& refused : batch_) Answer(refused.from, BusyReply(VerbOf(refused.text)));
  batch_.clear();
}

/// What stays in the batch found no room.
void Router::Enqueue() {
  under_way_ += batch_.size();
  queue_.Push(batch_);
  under_way_ -= batch_.size();
}

void Router::HelpWorkers(SteadyTime now) {
  if (under_way_ != 0 && next_help_ && now < *next_help_) return;
  const bool go_on = under_way_ != 0 && (!next_help_ || queue_.Help());
  next_help_ = go_on ? std::optional(now + RequestQueue::kHelpAfter) : std::nullopt;
}

void Router::Handle(const RouterSocket::Message& message) {
  const Envelope envelope = ReadEnvelope(message.Frames(), options_.max_command_bytes);
  if (envelope.kind == FrameKind::Ignore) return;
  Address from{std::string(message.identity), envelope.delimiter};
  const std::string_view verb = VerbOf(envelope.payload);
  const Peer peer = message.peer.value_or(Peer{});
  const log::About about({.peer_uid = peer.uid, .peer_pid = peer.pid});
  if (!message.peer || !options_.peers.MayConnect(peer)) {
    log::Warning(kServer, "refused a request of uid {}, pid {}: this account may not use the socket", peer.uid,
                 peer.pid);
    return Answer(from, ToReply(verb, NotYourSocket()));
  }
  if (envelope.kind == FrameKind::Malformed) {
    log::Warning(kServer, "malformed message from uid {}, pid {}: {} frames, {} bytes", peer.uid, peer.pid,
                 message.frame_count, message.bytes);
    return Answer(from, ToReply({}, Error{ErrorCode::Malformed, {}}));
  }
  if (IsStop(envelope.payload)) return HandleStop(from, peer, envelope.payload);
  if (options_.init_failed) return Answer(from, InitFailedReply());
  if (phase_ != Phase::Serving) return Answer(from, RefusedWhileStoppingReply(verb));
  Accept({std::move(from), peer, LaneOf(verb), std::string(envelope.payload), clock_.Steady()});
}

/// The way to a worker and back costs ten times what an instant verb does. Arguments would have to be parsed first.
void Router::Accept(Request request) {
  const bool here = request.lane == Lane::Instant && hooks_.instant && request.text == VerbOf(request.text);
  if (!here) return batch_.push_back(std::move(request));
  Executed executed = ExecuteSafely(hooks_.instant, request);
  instant_.push_back({std::move(request.from), std::move(executed.reply)});
}

void Router::HandleStop(const Address& from, const Peer& peer, std::string_view text) {
  const log::About about({.command = "STOP"});
  if (!options_.peers.IsRoot(peer) && !options_.allow_stop_from_web) {
    log::Warning(kServer, "refused STOP of uid {}, pid {}: only root may stop the server", peer.uid, peer.pid);
    return Answer(from, ToReply("STOP", Error{ErrorCode::Refused, "Only root may stop the Command Server."}));
  }
  const auto wanted = ParseStop(text);
  if (!wanted) {
    log::Warning(kServer, "malformed STOP of uid {}, pid {}: {}", peer.uid, peer.pid, wanted.error().message);
    return Answer(from, ToReply("STOP", wanted.error()));
  }
  BeginStop(fmt::format("STOP of uid {}, pid {}", peer.uid, peer.pid), *wanted);
  Answer(from, StoppingReply());
}

void Router::TakeSignals() {
  signalfd_siginfo info{};
  while (::read(signals_, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    if (info.ssi_signo == SIGHUP) {
      log::Info(kServer, "signal HUP: reading catalogs and files again");
      hooks_.reload();
      continue;
    }
    // Whoever asks a second time is in a hurry.
    const bool again = phase_ == Phase::Draining;
    BeginStop(info.ssi_signo == SIGINT ? "signal INT" : "signal TERM", {});
    if (again) {
      phase_ = Phase::Cut;
      hooks_.cut_programs();
    }
  }
}

void Router::BeginStop(std::string_view why, StopRequest wanted) {
  wanted_.end_jobs = wanted_.end_jobs || wanted.end_jobs;
  if (phase_ != Phase::Serving) return;
  log::Info(kServer, "stopping: {}; running jobs {}", why, wanted_.end_jobs ? "are interrupted" : "go on");
  phase_ = Phase::Draining;
  stop_began_ = clock_.Steady();
  hooks_.stopping();
  Enqueue();  // accepted before the stop, so they are answered
  queue_.Close();
}

void Router::SendReady() {
  box_.Take(replies_);
  under_way_ -= replies_.size();
  for (Reply& reply : replies_) {
    if (reply.wait) {
      Park(std::move(reply));
    } else if (reply.delay.count() > 0 && phase_ == Phase::Serving) {
      const SteadyTime due = clock_.Steady() + reply.delay;
      delayed_.Add(std::move(reply), due);
    } else {
      Send(std::move(reply));
    }
  }
  replies_.clear();
}

void Router::SendDue(SteadyTime now) {
  // While stopping nobody is kept waiting on purpose.
  const SteadyTime until = phase_ == Phase::Serving ? now : SteadyTime::max();
  while (auto reply = delayed_.TakeDue(until)) Send(std::move(*reply));
  for (std::size_t tries = held_.Size(); tries > 0; --tries) {
    auto reply = held_.TakeDue(now);
    if (!reply) break;
    held_bytes_ -= reply->text.size();
    Send(std::move(*reply));
  }
}

/// The client waits without a worker. What happened since the worker looked is found by the SendNews that follows.
void Router::Park(Reply reply) {
  const SteadyTime due = clock_.Steady() + reply.wait->timeout;
  if (!parked_.Add(reply.to, reply.wait->since, due)) return Answer(reply.to, BusyReply("WAIT-EVENTS"));
  hooks_.events.waiting(parked_.Size());
}

void Router::SendNews(SteadyTime now) {
  if (parked_.Empty()) return;
  const std::size_t before = parked_.Size();
  SendNewsTo(parked_.TakeBefore(hooks_.events.latest()));
  SendNewsTo(parked_.TakeDue(phase_ == Phase::Serving ? now : SteadyTime::max()));
  if (parked_.Size() != before) hooks_.events.waiting(parked_.Size());
}

/// Most of them wait since the same change and get the same text.
void Router::SendNewsTo(const std::vector<ParkedRequests::Parked>& clients) {
  std::map<std::uint64_t, std::string> texts;
  for (const ParkedRequests::Parked& client : clients) {
    auto text = texts.find(client.since);
    if (text == texts.end()) text = texts.emplace(client.since, hooks_.events.reply(client.since)).first;
    Answer(client.to, text->second);
  }
}

void Router::Answer(const Address& to, std::string text) { Send({to, std::move(text)}); }

void Router::Send(Reply reply) {
  switch (socket_.Send(reply.to, std::move(reply.text))) {
    case RouterSocket::Sent::Yes:
    case RouterSocket::Sent::Gone: return;
    case RouterSocket::Sent::Full: return Hold(std::move(reply));  // the text is still there
  }
}

void Router::Hold(Reply reply) {
  const bool no_room = held_.Size() >= kMostHeldReplies || held_bytes_ + reply.text.size() > kMostHeldBytes;
  if (no_room || reply.tries >= kMostRetries) {
    if (dropped_++ == 0) log::Warning(kServer, "dropped a reply because its client does not read");
    return;
  }
  ++reply.tries;
  held_bytes_ += reply.text.size();
  const SteadyTime due = clock_.Steady() + kRetry;
  held_.Add(std::move(reply), due);
}

void Router::Advance(SteadyTime now) {
  if (options_.heartbeat && now >= next_heartbeat_) {
    hooks_.heartbeat();
    next_heartbeat_ = now + *options_.heartbeat;
  }
  if (phase_ == Phase::Serving) return;
  const bool ended = hooks_.workers_ended();
  if (ended) {  // after the last worker has ended the box gets nothing more
    SendReady();
    SendNews(now);
  }
  if (phase_ == Phase::Draining && now >= stop_began_ + Times().cut) {
    log::Warning(kServer, "ending the outside programs of unfinished Commands");
    phase_ = Phase::Cut;
    hooks_.cut_programs();
  }
  if (now >= stop_began_ + Times().give_up || (ended && !HasUnsent())) phase_ = Phase::Over;
}

std::optional<std::chrono::milliseconds> Router::UntilNextTimer(SteadyTime now) const {
  std::optional<SteadyTime> next;
  const auto consider = [&](std::optional<SteadyTime> time) {
    if (time && (!next || *time < *next)) next = time;
  };
  consider(delayed_.NextDue());
  consider(held_.NextDue());
  consider(next_help_);
  consider(parked_.NextDue());
  if (options_.heartbeat) consider(next_heartbeat_);
  if (phase_ == Phase::Draining) consider(stop_began_ + Times().cut);
  if (phase_ != Phase::Serving) consider(stop_began_ + Times().give_up);
  if (!next) return std::nullopt;
  return std::max(std::chrono::ceil<std::chrono::milliseconds>(*next - now), std::chrono::milliseconds{0});
}

}  // namespace cmdsrv
