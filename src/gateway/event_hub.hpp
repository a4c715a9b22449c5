#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "gateway/http_message.hpp"
#include "gateway/parts.hpp"
#include "gateway/session_store.hpp"

namespace cmdsrv::gateway {

struct EventLimits {
  std::size_t streams = 1024;
  std::size_t per_client = 20;             ///< a further one ends the oldest of this client
  std::size_t kept = 1024;                 ///< events, for those who come back or are slow
  std::chrono::seconds heartbeat{30};      ///< who was silent for a whole one says so, lest a proxy take it for an end
  std::chrono::seconds poll{50};           ///< how long one question waits at the server
  std::chrono::seconds longest_pause{30};  ///< between two attempts to reach the server
};

/// News of jobs for any number of browsers, as server-sent events. One WAIT-EVENTS at a time stands at the server for
/// all of them, and none while nobody listens. A stream holds nothing but its place in the kept events; whoever falls
/// out of them gets a snapshot. It ends when `goes_on` says so of its session. Outlives its streams. One thread.
class EventHub {
 public:
  using GoesOn = std::function<bool(const SessionId&)>;
  EventHub(const Clock& clock, Server& server, Timers& timers, GoesOn goes_on, const EventLimits& limits = {});
  EventHub(const EventHub&) = delete;
  EventHub& operator=(const EventHub&) = delete;
  ~EventHub();

  /// `last`: the number of the last event that this client has (Last-Event-ID); without it, or when it is too old, the
  /// stream begins with a snapshot. Nothing when there are too many streams.
  std::shared_ptr<BodyStream> Open(const std::string& client, const SessionId& session,
                                   std::optional<std::int64_t> last);

  /// Ends the streams whose session does not go on. To be called when one may have ended; the hub does it by itself
  /// with each heartbeat.
  void EndStrangers();

  std::size_t Streams() const { return streams_.size(); }

 private:
  class Stream;
  using Text = std::shared_ptr<const std::string>;
  struct Event {
    std::int64_t number;
    Text text;
  };
  struct News;

  static Result<News> ReadNews(std::string_view reply);
  Text After(std::int64_t& number) const;
  bool Holds(std::int64_t number) const { return place_ && number >= from_ && number <= *place_; }
  bool HasForgotten(std::int64_t number) const { return !place_ || number < from_; }
  void Leave(Stream* stream) { streams_.erase(stream); }
  void WantSnapshot();
  void TakeSnapshot(const News& news);
  void Begin(const News& news);
  void Poll();
  void Forget();
  void TakeNews(News news, SteadyTime asked);
  void Lost(const Error& error);
  void Pause(std::chrono::seconds pause);
  void Found();
  void Tell(const Text& text);
  void Beat();
  void WakeAll() const;

  const Clock& clock_;
  Server& server_;
  Timers& timers_;
  const GoesOn goes_on_;
  const EventLimits limits_;
  std::set<Stream*> streams_;
  std::uint64_t next_stream_ = 0;
  std::deque<Event> events_;  ///< all with a number above from_, up to place_
  std::int64_t from_ = 0;
  std::optional<std::int64_t> place_;  ///< none: a snapshot has to come first
  std::uint64_t question_ = 0;         ///< the one that counts; replies to others come too late
  bool polling_ = false, asking_snapshot_ = false, pausing_ = false, beating_ = false;
  bool lost_ = false;
  std::chrono::seconds pause_{0};
};

/// The value of Last-Event-ID as a number; nothing when it is none. Pure.
std::optional<std::int64_t> EventNumber(std::string_view text);

}  // namespace cmdsrv::gateway
