#include "gateway/event_hub.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <vector>

#include "base/json.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "gateway/reply_envelope.hpp"

namespace cmdsrv::gateway {
namespace {

constexpr log::Domain kGateway{"gateway"};
constexpr JsonLimits kNewsLimits{.depth = 32, .bytes = 16U << 20U};
constexpr std::chrono::seconds kForAnswer{15};  // beyond the time that a question waits there by itself
constexpr std::int64_t kLargestNumber = std::int64_t{1} << 53;

std::shared_ptr<const std::string> Share(std::string text) {
  return std::make_shared<const std::string>(std::move(text));
}

std::shared_ptr<const std::string> ServerNews(bool running) {
  return Share(fmt::format("event: server\ndata: {{\"running\": {}}}\n\n", running));
}

}  // namespace

/// A reply to WAIT-EVENTS.
struct EventHub::News {
  std::int64_t number = 0;
  bool snapshot = false;
  std::vector<Event> events;
  Text whole;  ///< of a snapshot
};

class EventHub::Stream final : public BodyStream {
 public:
  Stream(EventHub& hub, std::uint64_t age, std::string client, const SessionId& session)
      : hub_(hub), age_(age), client_(std::move(client)), session_(session) {}
  ~Stream() override { hub_.Leave(this); }

  Text Next() override {
    Text text = Choose();
    if (text) quiet_ = false;
    return text;
  }
  void Give(const Text& snapshot, std::int64_t number) {
    snapshot_ = snapshot;
    number_ = number;
    wants_snapshot_ = false;
    Wake();
  }
  void Start(std::int64_t number) { number_ = number; }
  void Notice(const Text& text) {
    notice_ = text;
    Wake();
  }
  /// Of a stream that has said nothing since the last time.
  void Beat() {
    beat_ = std::exchange(quiet_, true);
    if (beat_) Wake();
  }
  bool WantsSnapshot() const { return wants_snapshot_; }
  void NeedSnapshot() { wants_snapshot_ = true; }
  std::uint64_t Age() const { return age_; }
  const std::string& Client() const { return client_; }
  const SessionId& Session() const { return session_; }

 private:
  Text Choose() {
    static const Text kHello = Share("retry: 3000\n\n");
    static const Text kBeat = Share(":\n\n");
    if (!std::exchange(greeted_, true)) return kHello;
    if (notice_) return std::exchange(notice_, nullptr);
    if (snapshot_) return std::exchange(snapshot_, nullptr);
    if (!wants_snapshot_ && hub_.HasForgotten(number_)) {
      wants_snapshot_ = true;
      hub_.WantSnapshot();
    }
    if (!wants_snapshot_) {
      if (Text event = hub_.After(number_)) return event;
    }
    return std::exchange(beat_, false) ? kBeat : nullptr;
  }

  EventHub& hub_;
  const std::uint64_t age_;
  const std::string client_;
  const SessionId session_;
  std::int64_t number_ = 0;  ///< of the last event that was given
  Text notice_, snapshot_;
  bool greeted_ = false, wants_snapshot_ = false, quiet_ = false, beat_ = false;
};

EventHub::EventHub(const Clock& clock, Server& server, Timers& timers, GoesOn goes_on, const EventLimits& limits)
    : clock_(clock), server_(server), timers_(timers), goes_on_(std::move(goes_on)), limits_(limits) {}

EventHub::~EventHub() = default;

std::shared_ptr<BodyStream> EventHub::Open(const std::string& client, const SessionId& session,
                                           std::optional<std::int64_t> last) {
  std::vector<Stream*> theirs;
  for (Stream* stream : streams_) {
    if (stream->Client() == client && !stream->HasEnded()) theirs.push_back(stream);
  }
  // A page that was left is noticed late; it must not keep the next one out.
  if (theirs.size() >= limits_.per_client) (*std::ranges::min_element(theirs, {}, &Stream::Age))->End();
  if (streams_.size() >= limits_.streams) return nullptr;
  auto stream = std::make_shared<Stream>(*this, ++next_stream_, client, session);
  streams_.insert(stream.get());
  if (last && !place_ && !asking_snapshot_) {
    // The server may still know what came after it, although this gateway has just begun.
    from_ = *last;
    place_ = last;
  }
  if (last && Holds(*last)) {
    stream->Start(*last);
  } else {
    stream->NeedSnapshot();
    WantSnapshot();
  }
  if (lost_) stream->Notice(ServerNews(false));
  Poll();
  if (!std::exchange(beating_, true)) timers_.After(limits_.heartbeat, [this] { Beat(); });
  return stream;
}

EventHub::Text EventHub::After(std::int64_t& number) const {
  const auto next = std::ranges::upper_bound(events_, number, {}, &Event::number);
  if (next == events_.end()) return nullptr;
  number = next->number;
  return next->text;
}

Result<EventHub::News> EventHub::ReadNews(std::string_view reply) {
  const auto value = ParseJson(reply, kNewsLimits);
  if (!value) return Failure(value.error());
  const auto* object = value->if_object();
  const auto* number = object == nullptr ? nullptr : object->if_contains("seq");
  const auto* events = object == nullptr ? nullptr : object->if_contains("events");
  const auto* snapshot = object == nullptr ? nullptr : object->if_contains("snapshot");
  if (number == nullptr || !number->is_int64() || events == nullptr || !events->is_array() || snapshot == nullptr ||
      !snapshot->is_bool()) {
    return Fail(ErrorCode::Unavailable, "the reply to WAIT-EVENTS is {}", PrintableAscii(reply, 200));
  }
  News news{.number = number->get_int64(), .snapshot = snapshot->get_bool(), .events = {}, .whole = nullptr};
  if (news.snapshot) {
    news.whole = Share(fmt::format("event: snapshot\nid: {}\ndata: {}\n\n", news.number, PrintJson(*value)));
    return news;
  }
  for (const auto& event : events->get_array()) {
    const auto* of = event.is_object() ? event.get_object().if_contains("seq") : nullptr;
    if (of == nullptr || !of->is_int64()) return Fail(ErrorCode::Unavailable, "an event has no number");
    const std::int64_t own = of->get_int64();
    news.events.push_back({own, Share(fmt::format("event: job\nid: {}\ndata: {}\n\n", own, PrintJson(event)))});
  }
  return news;
}

void EventHub::WantSnapshot() {
  if (asking_snapshot_ || pausing_) return;
  asking_snapshot_ = true;
  server_.Ask(Secret("WAIT-EVENTS {}"), kForAnswer, [this](const Result<std::string>& reply) {
    asking_snapshot_ = false;
    auto news = reply ? ReadNews(*reply) : Result<News>(Failure(reply.error()));
    if (!news) return Lost(news.error());
    Found();
    TakeSnapshot(*news);
  });
}

/// For those who want one; for all when the server has begun to count anew.
void EventHub::TakeSnapshot(const News& news) {
  if (!place_ || news.number < *place_) return Begin(news);
  for (Stream* stream : streams_) {
    if (stream->WantsSnapshot()) stream->Give(news.whole, news.number);
  }
  Poll();
}

/// Everybody starts at this snapshot; what was asked before does not count any more.
void EventHub::Begin(const News& news) {
  events_.clear();
  from_ = news.number;
  place_ = news.number;
  ++question_;
  polling_ = false;
  for (Stream* stream : streams_) stream->Give(news.whole, news.number);
  Poll();
}

void EventHub::Poll() {
  if (polling_ || pausing_ || !place_ || streams_.empty()) return;
  polling_ = true;
  const std::string command =
      fmt::format(R"(WAIT-EVENTS {{"since": {}, "timeout": {}}})", *place_, limits_.poll.count());
  const SteadyTime asked = clock_.Steady();
  server_.Ask(Secret(command), limits_.poll + kForAnswer,
              [this, asked, question = ++question_](const Result<std::string>& reply) {
                if (question != question_) return;
                polling_ = false;
                auto news = reply ? ReadNews(*reply) : Result<News>(Failure(reply.error()));
                if (!news && reply) Forget();  // perhaps it does not like our number
                if (!news) return Lost(news.error());
                Found();
                TakeNews(std::move(*news), asked);
              });
}

void EventHub::TakeNews(News news, SteadyTime asked) {
  if (news.snapshot) return Begin(news);
  const bool nothing = news.events.empty();
  for (Event& event : news.events) {
    if (event.number <= *place_) continue;
    place_ = event.number;
    events_.push_back(std::move(event));
  }
  place_ = std::max(*place_, news.number);
  while (events_.size() > limits_.kept) {
    from_ = events_.front().number;
    events_.pop_front();
  }
  if (!nothing) WakeAll();
  // An answer at once that says nothing would make us ask for ever.
  if (nothing && clock_.Steady() - asked < std::chrono::seconds(1)) return Pause(std::chrono::seconds(1));
  Poll();
}

void EventHub::Forget() {
  place_.reset();
  events_.clear();
  for (Stream* stream : streams_) stream->NeedSnapshot();
}

/// The server cannot be asked just now; the streams stay, and learn of it once.
void EventHub::Lost(const Error& error) {
  if (!std::exchange(lost_, true)) {
    log::Warning(kGateway, "cannot ask for events: {}", error.message);
    Tell(ServerNews(false));
  }
  pause_ = std::clamp(pause_ * 2, std::chrono::seconds(1), limits_.longest_pause);
  Pause(pause_);
}

void EventHub::Pause(std::chrono::seconds pause) {
  if (std::exchange(pausing_, true)) return;
  timers_.After(pause, [this] {
    pausing_ = false;
    if (streams_.empty()) return;
    const bool wanted = std::ranges::any_of(streams_, [](const Stream* stream) { return stream->WantsSnapshot(); });
    if (wanted) WantSnapshot();
    Poll();
  });
}

void EventHub::Found() {
  pause_ = std::chrono::seconds(0);
  if (!std::exchange(lost_, false)) return;
  log::Info(kGateway, "events come again");
  Tell(ServerNews(true));
}

void EventHub::Tell(const Text& text) {
  for (Stream* stream : streams_) stream->Notice(text);
}

void EventHub::WakeAll() const {
  for (const Stream* stream : streams_) stream->Wake();
}

void EventHub::Beat() {
  beating_ = false;
  EndStrangers();
  if (streams_.empty()) return;
  for (Stream* stream : streams_) stream->Beat();
  beating_ = true;
  timers_.After(limits_.heartbeat, [this] { Beat(); });
}

void EventHub::EndStrangers() {
  std::map<SessionId, bool> known;  // many streams belong to few sessions
  for (Stream* stream : streams_) {
    const auto [found, fresh] = known.try_emplace(stream->Session(), false);
    if (fresh) found->second = goes_on_(stream->Session());
    if (!found->second) stream->End();
  }
}

std::optional<std::int64_t> EventNumber(std::string_view text) {
  const auto number = ToInteger(text);
  if (!number || *number < 0 || *number > kLargestNumber) return std::nullopt;
  return *number;
}

}  // namespace cmdsrv::gateway
