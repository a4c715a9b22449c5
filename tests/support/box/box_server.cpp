#include "support/box/box_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "support/box/box.hpp"
#include "support/box/session.hpp"
#include "support/files.hpp"

namespace cmdsrv::test {
namespace {

constexpr int kPortTries = 50;
constexpr std::array<const char*, 2> kHosts = {"127.0.0.1", "127.0.0.2"};

Result<UniqueFd> Listen(const char* host, unsigned port) {
  UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!listener) return FailFromErrno(errno, "make a socket");
  const int one = 1;
  ::setsockopt(listener.Get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  ::inet_pton(AF_INET, host, &address.sin_addr);
  if (::bind(listener.Get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener.Get(), 128) != 0) {
    return FailFromErrno(errno, fmt::format("listen on {} port {}", host, port));
  }
  return listener;
}

unsigned PortOf(const UniqueFd& listener) {
  sockaddr_in address{};
  socklen_t length = sizeof address;
  ::getsockname(listener.Get(), reinterpret_cast<sockaddr*>(&address), &length);
  return ntohs(address.sin_port);
}

using Listeners = std::array<UniqueFd, 2>;

/// A port that is free on the first address may be taken on the second: then another one is tried.
Result<Listeners> ListenOnBoth(unsigned port) {
  for (int tried = 1;; ++tried) {
    auto first = Listen(kHosts[0], port);
    if (!first) return Failure(first.error());
    auto second = Listen(kHosts[1], PortOf(*first));
    if (second) return Listeners{std::move(*first), std::move(*second)};
    if (port != 0 || tried == kPortTries) return Failure(second.error());
  }
}

class Server final : public BoxServer {
 public:
  Server(const std::string& root, Listeners listeners, unsigned entries)
      : listeners_(std::move(listeners)),
        port_(PortOf(listeners_[0])),
        stop_(::eventfd(0, EFD_CLOEXEC)),
        site_(root, port_, entries),
        acceptor_([this] { Accept(); }) {}

  ~Server() override {
    ::eventfd_write(stop_.Get(), 1);
    acceptor_.join();
    std::unique_lock lock(mutex_);
    ended_.wait(lock, [this] { return connections_ == 0; });
  }

  unsigned Port() const override { return port_; }
  int Set(const Misbehaviour& rule) override { return rules_.Add(rule); }
  void Clear() override { rules_.Clear(); }
  unsigned TimesMet(int rule) const override { return rules_.TimesMet(rule); }
  void Release() override { stalls_.ReleaseAll(); }
  unsigned Stalled() const override { return stalls_.Count(); }
  PathTraffic TrafficOf(const std::string& path) const override { return traffic_.Of(path); }
  void ResetTraffic() override { traffic_.Reset(); }

 private:
  Listeners listeners_;
  const unsigned port_;
  UniqueFd stop_;
  Site site_;
  RuleBook rules_;
  Traffic traffic_;
  Stalls stalls_;
  std::mutex mutex_;
  std::condition_variable ended_;
  unsigned connections_ = 0;
  std::thread acceptor_;  // last: it uses all the others

  void Accept() {
    std::array<pollfd, 3> waits = {pollfd{stop_.Get(), POLLIN, 0}, pollfd{listeners_[0].Get(), POLLIN, 0},
                                   pollfd{listeners_[1].Get(), POLLIN, 0}};
    for (;;) {
      if (::poll(waits.data(), waits.size(), -1) < 0 && errno != EINTR) return;
      if (waits[0].revents != 0) return;
      for (std::size_t i = 0; i < kHosts.size(); ++i) {
        if ((waits[i + 1].revents & POLLIN) == 0) continue;
        UniqueFd socket(::accept4(listeners_[i].Get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (socket) Begin(std::move(socket), kHosts[i]);
      }
    }
  }

  void Begin(UniqueFd socket, const char* host) {
    {
      const std::scoped_lock lock(mutex_);
      ++connections_;
    }
    // Detached, because a long-lived server must not collect finished threads; the destructor waits for the count.
    std::thread([this, host, taken = std::move(socket)]() mutable {
      {
        Line line(std::move(taken), stop_.Get());
        Session(line, host, {site_, rules_, traffic_, stalls_}).Run();
      }
      const std::scoped_lock lock(mutex_);
      --connections_;
      ended_.notify_all();
    }).detach();
  }
};

}  // namespace

Result<std::unique_ptr<BoxServer>> BoxServer::Start(const std::string& root, const Options& options) {
  auto listeners = ListenOnBoth(options.port);
  if (!listeners) return Failure(listeners.error());
  auto server = std::make_unique<Server>(root, std::move(*listeners), options.entries);
  if (auto pointed = PointToPort(root, server->Port()); !pointed) return Failure(pointed.error());
  const std::string port_file = root + "/run/iiab-box.port";
  if (auto written = WriteText(port_file, fmt::format("{}\n", server->Port())); !written)
    return Failure(written.error());
  return server;
}

std::string BoxServer::Url(std::string_view path, int mirror) const {
  return fmt::format("http://127.0.0.{}:{}{}", mirror, Port(), path);
}

}  // namespace cmdsrv::test
