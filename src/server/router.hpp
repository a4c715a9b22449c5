#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <vector>

#include "base/clock.hpp"
#include "server/delayed_replies.hpp"
#include "server/parked_requests.hpp"
#include "server/peer.hpp"
#include "server/reply_box.hpp"
#include "server/request_queue.hpp"
#include "server/router_socket.hpp"
#include "server/stop_request.hpp"
#include "server/workers.hpp"

namespace cmdsrv {

/// How long an end may take: outside programs of handlers are cut off at `cut`, unfinished Commands are given up at
/// `give_up`, both counted from the request to stop.
struct StopTimes {
  std::chrono::milliseconds cut{10'000};
  std::chrono::milliseconds give_up{17'000};
};

inline constexpr StopTimes kStopTimes;
/// The jobs need time too, after the Commands.
inline constexpr StopTimes kStopTimesWithJobs{std::chrono::milliseconds{2000}, std::chrono::milliseconds{5000}};

struct RouterOptions {
  std::size_t max_command_bytes = 1U << 20U;
  PeerRules peers;
  bool allow_stop_from_web = false;
  bool init_failed = false;                            ///< every Command is answered with R-INIT
  std::optional<std::chrono::milliseconds> heartbeat;  ///< how often to call Hooks::heartbeat
  StopTimes stop = kStopTimes;
  StopTimes stop_with_jobs = kStopTimesWithJobs;
};

/// News of jobs, for clients that wait for them. Without, nobody can wait. Router's thread; none of them blocks.
struct EventHooks {
  std::function<std::uint64_t()> latest;            ///< number of the newest change
  std::function<std::string(std::uint64_t)> reply;  ///< the reply text with what came after that number
  /// How many wait: if any, the box is woken after each change.
  std::function<void(std::size_t)> waiting;
};

/// What the router asks others to do. All are called in its own thread and must not block.
struct RouterHooks {
  std::function<void()> stopping;       ///< once, before the reply to STOP: the ready file goes
  std::function<void()> cut_programs;   ///< outside programs of handlers end now
  std::function<bool()> workers_ended;  ///< becomes true after the queue was closed; the box is woken then
  std::function<void()> reload;         ///< SIGHUP
  std::function<void()> heartbeat;      ///< systemd's watchdog
  Execute instant;                      ///< for bare verbs of the instant lane; without, workers do those too
  EventHooks events;
};

/// The thread that owns the socket: checks frames and peers, answers STOP, hands requests to the workers and their
/// replies to the clients. It parses nothing that has arguments and touches no disk. While nothing happens it makes no
/// system call.
class Router {
 public:
  /// `signals`: a signalfd of TERM, INT and HUP. Everything must outlive the router.
  Router(RouterSocket& socket, RequestQueue& queue, ReplyBox& box, int signals, const RouterOptions& options,
         RouterHooks hooks);

  struct End {
    bool end_jobs = false;
    bool all_answered = true;  ///< false: workers were given up and may still run
  };
  /// Serves until a stop is complete.
  End Run();

 private:
  enum class Phase { Serving, Draining, Cut, Over };

  void ReceiveBatch();
  void Enqueue();
  void HelpWorkers(SteadyTime now);
  void Handle(const RouterSocket::Message& message);
  void Accept(Request request);
  void HandleStop(const Address& from, const Peer& peer, std::string_view text);
  void TakeSignals();
  void BeginStop(std::string_view why, StopRequest wanted);
  void SendReady();
  void SendDue(SteadyTime now);
  void Park(Reply reply);
  void SendNews(SteadyTime now);
  void SendNewsTo(const std::vector<ParkedRequests::Parked>& clients);
  void Answer(const Address& to, std::string text);
  void Send(Reply reply);
  void Hold(Reply reply);
  void Advance(SteadyTime now);
  const StopTimes& Times() const { return wanted_.end_jobs ? options_.stop_with_jobs : options_.stop; }
  std::optional<std::chrono::milliseconds> UntilNextTimer(SteadyTime now) const;
  bool HasUnsent() const { return !delayed_.Empty() || !held_.Empty() || !parked_.Empty(); }

  RouterSocket& socket_;
  RequestQueue& queue_;
  ReplyBox& box_;
  const int signals_;
  const RouterOptions options_;
  const RouterHooks hooks_;
  const Clock clock_;

  std::vector<Request> batch_;
  std::vector<Reply> replies_;
  std::vector<Reply> instant_;
  DelayedReplies delayed_;  ///< held back on purpose
  DelayedReplies held_;     ///< for clients that do not read just now
  ParkedRequests parked_;   ///< wait for news
  std::size_t held_bytes_ = 0;
  std::uint64_t dropped_ = 0;

  Phase phase_ = Phase::Serving;
  StopRequest wanted_;
  SteadyTime stop_began_;
  SteadyTime next_heartbeat_;
  std::size_t under_way_ = 0;            ///< requests that were queued and are not answered yet
  std::optional<SteadyTime> next_help_;  ///< see RequestQueue::Help
};

}  // namespace cmdsrv
