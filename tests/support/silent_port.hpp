#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <vector>

#include "platform/unique_fd.hpp"

namespace cmdsrv::test {

/// A port of 127.0.0.1 that drops every connection without a word, like a firewall that swallows packets: its queue is
/// full and nobody empties it. Number() is 0 when the machine does not give one.
class SilentPort {
 public:
  SilentPort() : listening_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    if (::bind(listening_.Get(), generic, size) != 0 || ::getsockname(listening_.Get(), generic, &size) != 0 ||
        ::listen(listening_.Get(), 0) != 0)
      return;
    number_ = ntohs(address.sin_port);
    for (int i = 0; i < 4; ++i) {
      fillers_.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      [[maybe_unused]] const int under_way = ::connect(fillers_.back().Get(), generic, size);
    }
  }

  std::uint16_t Number() const { return number_; }

 private:
  UniqueFd listening_;
  std::uint16_t number_ = 0;
  std::vector<UniqueFd> fillers_;
};

}  // namespace cmdsrv::test
