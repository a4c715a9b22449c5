#include "platform/internet_probe.hpp"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "platform/unique_fd.hpp"

namespace cmdsrv {
namespace {

using Steady = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::chrono::seconds kDeadline{5};
constexpr std::chrono::seconds kYesLasts{10};
constexpr std::chrono::minutes kAnswerLasts{10};
constexpr milliseconds kShortWait{50};
constexpr std::size_t kMostAddresses = 8;

/// Tries all addresses at the same time: one that swallows packets (a broken IPv6 route) does not hide one that
/// answers.
bool ConnectToAny(const addrinfo* addresses, Steady::time_point deadline) {
  std::vector<UniqueFd> sockets;
  for (const addrinfo* a = addresses; a != nullptr && sockets.size() < kMostAddresses; a = a->ai_next) {
    UniqueFd socket(::socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket) continue;
    if (::connect(socket.Get(), a->ai_addr, a->ai_addrlen) == 0) return true;
    if (errno == EINPROGRESS) sockets.push_back(std::move(socket));
  }
  std::vector<pollfd> watched;
  watched.reserve(sockets.size());
  for (const auto& socket : sockets) watched.push_back({socket.Get(), POLLOUT, 0});
  for (std::size_t open = watched.size(); open > 0;) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - Steady::now()).count();
    if (left <= 0) return false;
    if (::poll(watched.data(), watched.size(), static_cast<int>(left)) < 0) continue;
    for (auto& one : watched) {
      if (one.fd < 0 || one.revents == 0) continue;
      int error_number = 0;
      socklen_t size = sizeof error_number;
      if (::getsockopt(one.fd, SOL_SOCKET, SO_ERROR, &error_number, &size) == 0 && error_number == 0) return true;
      one.fd = -1;
      --open;
    }
  }
  return false;
}

/// getaddrinfo has no deadline; whoever calls this must be able to wait.
bool Probe(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* addresses = nullptr;
  if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &addresses) != 0) return false;
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(addresses, ::freeaddrinfo);
  return ConnectToAny(addresses, Steady::now() + kDeadline);
}

}  // namespace

struct InternetProbe::State {
  State(std::string host_name, std::uint16_t port_number) : host(std::move(host_name)), port(port_number) {}

  const std::string host;
  const std::uint16_t port;
  std::mutex mutex;
  std::condition_variable finished;
  std::uint64_t probes = 0;  ///< finished ones; guarded by mutex, as all below
  bool under_way = false;
  bool answer = false;  ///< of the latest probe
  Steady::time_point good_until{};
  Steady::time_point answered{};
  std::vector<std::function<void(bool)>> asked;

  void Finish(bool answer_now) {
    std::vector<std::function<void(bool)>> waiting;
    {
      const std::lock_guard lock(mutex);
      answer = answer_now;
      under_way = false;
      ++probes;
      answered = Steady::now();
      if (answer) good_until = Steady::now() + kYesLasts;
      waiting.swap(asked);
      finished.notify_all();
    }
    for (const auto& done : waiting) done(answer_now);
  }

  /// With the mutex held. False when there is no thread to be had: then there is no internet to be had either.
  static bool Begin(const std::shared_ptr<State>& state) {
    if (state->under_way) return true;
    // A thread of its own for each probe, never more than one: a lookup that hangs hangs alone, and it may outlive us.
    try {
      std::thread([state] { state->Finish(Probe(state->host, state->port)); }).detach();
    } catch (const std::system_error&) {
      return false;
    }
    state->under_way = true;
    return true;
  }
};

InternetProbe::InternetProbe(std::string host, std::uint16_t port)
    : state_(std::make_shared<State>(std::move(host), port)) {}

bool InternetProbe::Available() {
  const auto deadline = Steady::now() + kDeadline;
  std::unique_lock lock(state_->mutex);
  if (Steady::now() < state_->good_until) return true;
  if (!State::Begin(state_)) return false;
  const std::uint64_t mine = state_->probes;
  return state_->finished.wait_until(lock, deadline, [&] { return state_->probes != mine; }) && state_->answer;
}

bool InternetProbe::Recent() {
  std::unique_lock lock(state_->mutex);
  if (Steady::now() < state_->good_until) return true;
  if (!State::Begin(state_)) return false;
  const bool known = state_->probes > 0 && Steady::now() - state_->answered < kAnswerLasts;
  if (known && state_->answer) return true;
  const std::uint64_t mine = state_->probes;
  const auto deadline = Steady::now() + (known ? kShortWait : milliseconds(kDeadline));
  return state_->finished.wait_until(lock, deadline, [&] { return state_->probes != mine; }) && state_->answer;
}

void InternetProbe::Ask(std::function<void(bool)> done) {
  {
    const std::lock_guard lock(state_->mutex);
    if (State::Begin(state_)) return state_->asked.push_back(std::move(done));
  }
  done(false);
}

}  // namespace cmdsrv
