#include "platform/network_watch.hpp"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "platform/unique_fd.hpp"

namespace cmdsrv {
namespace {

class NetworkSource final : public EventLoop::Source {
 public:
  NetworkSource(UniqueFd socket, EventLoop& loop, std::function<void()> changed)
      : socket_(std::move(socket)), changed_(std::move(changed)) {
    source_ = loop.OnReadable(socket_.Get(), [this] {
      Drain();
      const std::function<void()> changed_now = changed_;  // it may drop this source
      changed_now();
    });
  }

 private:
  /// What exactly has changed does not matter, nor do messages that were lost because there were too many (ENOBUFS).
  void Drain() {
    std::array<char, 8192> message;
    for (int messages = 0; messages < 1000; ++messages) {
      const ssize_t size = ::recv(socket_.Get(), message.data(), message.size(), MSG_DONTWAIT | MSG_TRUNC);
      if (size <= 0 && errno != EINTR && errno != ENOBUFS) return;
    }
  }

  UniqueFd socket_;
  std::function<void()> changed_;
  EventLoop::SourcePtr source_;  // before the descriptor it watches
};

}  // namespace

Result<EventLoop::SourcePtr> WatchNetwork(EventLoop& loop, std::function<void()> changed) {
  UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_IFADDR | RTMGRP_IPV6_ROUTE;
  if (!socket || ::bind(socket.Get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return FailFromErrno(errno, "listen to changes of the network");
  return std::make_unique<NetworkSource>(std::move(socket), loop, std::move(changed));
}

}  // namespace cmdsrv
