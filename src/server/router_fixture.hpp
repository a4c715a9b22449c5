#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/signalfd.h>

#include <csignal>
#include <deque>
#include <map>
#include <set>

#include "server/router.hpp"
#include "server/workers.hpp"

/// A router whose socket is the test.
namespace cmdsrv {

inline constexpr Peer kRoot{0, 0, 10};
inline constexpr Peer kWeb{33, 33, 11};
inline constexpr Peer kStranger{1000, 1000, 12};

/// Messages that wait, and replies that were sent. Everything happens in the router's thread.
class FakeSocket final : public RouterSocket {
 public:
  struct In {
    std::string identity;
    std::optional<Peer> peer;
    std::vector<std::string> frames;
  };
  std::deque<In> incoming;
  std::multimap<std::string, std::string> sent;
  std::vector<std::string> order;  ///< identities, in order of sending
  std::set<std::string> gone;
  std::map<std::string, int> full;  ///< how often a client has no room yet
  std::function<void()> on_idle;    ///< nothing waits: the test may act
  std::optional<std::chrono::milliseconds> last_timeout;

  std::optional<Message> Receive() override {
    if (incoming.empty()) return std::nullopt;
    current_ = std::move(incoming.front());
    incoming.pop_front();
    Message message;
    message.identity = current_.identity;
    message.peer = current_.peer;
    message.frame_count = current_.frames.size();
    for (std::size_t i = 0; i < std::min<std::size_t>(3, current_.frames.size()); ++i) {
      message.kept[i] = current_.frames[i];
    }
    for (const auto& frame : current_.frames) message.bytes += frame.size();
    return message;
  }

  Sent Send(const Address& to, std::string&& text) override {
    if (gone.contains(to.identity)) return Sent::Gone;
    if (full[to.identity]-- > 0) return Sent::Full;
    sent.emplace(to.identity, (to.delimiter ? "|" : "") + std::string(text));
    order.push_back(to.identity);
    return Sent::Yes;
  }

  unsigned Wait(std::span<const int> descriptors, std::optional<std::chrono::milliseconds> timeout) override {
    last_timeout = timeout;
    if (incoming.empty() && on_idle) on_idle();
    std::vector<pollfd> items;
    for (const int fd : descriptors) items.push_back({fd, POLLIN, 0});
    const int most = incoming.empty() ? 20'000 : 0;
    ::poll(items.data(), items.size(), timeout ? std::min(most, static_cast<int>(timeout->count())) : most);
    unsigned readable = 0;
    for (std::size_t i = 0; i < items.size(); ++i) readable |= (items[i].revents != 0 ? 1U : 0U) << i;
    return readable;
  }

  void Close(std::chrono::milliseconds) override {}

 private:
  In current_;
};

class RouterTest : public testing::Test {
 protected:
  RouterTest() {
    options_.peers = {.web_uid = 33, .own = {}};
    options_.max_command_bytes = 1000;
    sigset_t usr;
    ::sigemptyset(&usr);
    ::sigaddset(&usr, SIGTERM);
    ::sigaddset(&usr, SIGHUP);
    ::pthread_sigmask(SIG_BLOCK, &usr, nullptr);
    signals_.Reset(::signalfd(-1, &usr, SFD_CLOEXEC | SFD_NONBLOCK));
    hooks_.stopping = [this] { ++stopping_; };
    hooks_.cut_programs = [this] {
      ++cut_;
      cut_.notify_all();
    };
    hooks_.workers_ended = [this] { return !workers_ || workers_->AllEnded(); };
    hooks_.reload = [this] { ++reloads_; };
    hooks_.heartbeat = [this] { ++heartbeats_; };
  }

  void Incoming(std::string identity, Peer peer, std::vector<std::string> frames) {
    socket_.incoming.push_back({std::move(identity), peer, std::move(frames)});
  }

  Router::End Run(
      bool with_workers = true, Execute execute = [](const Request& r) { return Executed{"did " + r.text}; }) {
    if (with_workers) workers_.emplace(queue_, *box_, std::move(execute), 2, 1);
    Router router(socket_, queue_, *box_, signals_.Get(), options_, hooks_);
    const auto end = router.Run();
    workers_.reset();
    return end;
  }

  /// All that was sent to a client, in order.
  std::string To(const std::string& identity) {
    std::string all;
    const auto [begin, end] = socket_.sent.equal_range(identity);
    for (auto it = begin; it != end; ++it) all += (all.empty() ? "" : " & ") + it->second;
    return all;
  }

  /// STOP comes when everything else has been answered.
  void StopWhenSent(std::size_t count) {
    socket_.on_idle = [this, count] {
      if (socket_.sent.size() >= count) {
        Incoming("stop", kRoot, {"STOP"});
        socket_.on_idle = nullptr;
      }
    };
  }

  FakeSocket socket_;
  RequestQueue queue_{256};
  std::unique_ptr<ReplyBox> box_ = ReplyBox::Make().value();
  UniqueFd signals_;
  RouterOptions options_;
  RouterHooks hooks_;
  std::optional<Workers> workers_;
  int stopping_ = 0;
  std::atomic<int> cut_{0};
  int reloads_ = 0;
  int heartbeats_ = 0;
};

}  // namespace cmdsrv
