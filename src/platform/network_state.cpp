#include "platform/network_state.hpp"

#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <functional>
#include <span>

#include "platform/unique_fd.hpp"

namespace cmdsrv {
namespace {

constexpr timeval kSilence{5, 0};            // the kernel answers at once, or something is very wrong
constexpr int kMostTries = 5;                // of a dump that changes while it is read
constexpr std::size_t kBuffer = 64U << 10U;  // the kernel never sends more at once in a dump

using Bytes = std::span<const std::byte>;

/// A message without its header.
using OnMessage = std::function<void(std::uint16_t type, Bytes body)>;

template <class T>
std::optional<T> Head(Bytes bytes) {
  static_assert(std::is_trivially_copyable_v<T>);
  if (bytes.size() < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

std::size_t Aligned(std::size_t size) { return (size + 3U) & ~std::size_t{3U}; }

/// The bytes behind a fixed head of this type.
template <class T>
Bytes Behind(Bytes bytes) {
  return bytes.subspan(std::min(bytes.size(), Aligned(sizeof(T))));
}

/// Calls `one` for each attribute; what is cut short ends it.
void ForEachAttribute(Bytes bytes, const std::function<void(unsigned type, Bytes value)>& one) {
  for (;;) {
    const auto head = Head<rtattr>(bytes);
    if (!head || head->rta_len < sizeof(rtattr) || head->rta_len > bytes.size()) return;
    one(head->rta_type & NLA_TYPE_MASK, bytes.subspan(sizeof(rtattr), head->rta_len - sizeof(rtattr)));
    bytes = bytes.subspan(std::min(bytes.size(), Aligned(head->rta_len)));
  }
}

std::string TextOf(Bytes value) {
  const std::string text(reinterpret_cast<const char*>(value.data()), value.size());
  return text.substr(0, text.find('\0'));
}

std::string AddressText(int family, Bytes value) {
  if (value.size() != (family == AF_INET ? 4U : 16U)) return {};
  std::array<char, INET6_ADDRSTRLEN> text{};
  return ::inet_ntop(family, value.data(), text.data(), text.size()) != nullptr ? text.data() : "";
}

Failure Unreadable(ErrorCode code, std::string_view why) {
  return Fail(code, "cannot read the state of the network: {}", why);
}

Failure Unreadable(int error_number) { return Unreadable(ErrorCode::Io, Reason(error_number)); }

class Kernel {
 public:
  static Result<Kernel> Open() {
    UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    if (!socket) return Unreadable(errno);
    if (::setsockopt(socket.Get(), SOL_SOCKET, SO_RCVTIMEO, &kSilence, sizeof kSilence) != 0) return Unreadable(errno);
    return Kernel(std::move(socket));
  }

  /// Everything of one kind. `forget` is called before each try: a dump that was changed while it was read is read
  /// anew.
  template <class Request>
  Result<void> Dump(std::uint16_t type, const Request& body, const std::function<void()>& forget, const OnMessage& on) {
    for (int tries = 0; tries < kMostTries; ++tries) {
      forget();
      if (auto asked = Ask(type, body); !asked) return asked;
      auto whole = Receive(on);
      if (!whole) return Failure(whole.error());
      if (*whole) return {};
    }
    return Unreadable(ErrorCode::Io, "it changes all the time");
  }

 private:
  explicit Kernel(UniqueFd socket) : socket_(std::move(socket)), buffer_(kBuffer) {}

  template <class Request>
  Result<void> Ask(std::uint16_t type, const Request& body) {
    struct {
      nlmsghdr head;
      Request body;
    } message{};
    static_assert(offsetof(decltype(message), body) == NLMSG_HDRLEN);
    message.head.nlmsg_len = sizeof message;
    message.head.nlmsg_type = type;
    message.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    message.head.nlmsg_seq = ++sequence_;
    message.body = body;
    if (::send(socket_.Get(), &message, sizeof message, 0) < 0) return Unreadable(errno);
    return {};
  }

  /// False when the dump was changed while it was read.
  Result<bool> Receive(const OnMessage& on) {
    bool whole = true;
    for (;;) {
      const ssize_t size = ::recv(socket_.Get(), buffer_.data(), buffer_.size(), MSG_TRUNC);
      if (size < 0 && errno == EINTR) continue;
      if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return Unreadable(ErrorCode::Timeout, "the kernel does not answer");
      if (size < 0) return Unreadable(errno);
      if (static_cast<std::size_t>(size) > buffer_.size())
        return Unreadable(ErrorCode::Io, fmt::format("a message of {} bytes", size));
      Bytes rest(buffer_.data(), static_cast<std::size_t>(size));
      while (const auto head = Head<nlmsghdr>(rest)) {
        if (head->nlmsg_len < sizeof(nlmsghdr) || head->nlmsg_len > rest.size()) break;
        const Bytes body = rest.subspan(NLMSG_HDRLEN, head->nlmsg_len - NLMSG_HDRLEN);
        rest = rest.subspan(std::min(rest.size(), Aligned(head->nlmsg_len)));
        if (head->nlmsg_seq != sequence_) continue;  // of an earlier question
        if ((head->nlmsg_flags & NLM_F_DUMP_INTR) != 0) whole = false;
        if (head->nlmsg_type == NLMSG_DONE) return whole;
        if (head->nlmsg_type == NLMSG_ERROR) {
          const auto error = Head<nlmsgerr>(body);
          return Unreadable(error ? -error->error : EIO);
        }
        on(head->nlmsg_type, body);
      }
    }
  }

  UniqueFd socket_;
  std::vector<std::byte> buffer_;
  std::uint32_t sequence_ = 0;
};

std::string StateName(unsigned state) {
  static constexpr std::array kNames{"UNKNOWN", "NOTPRESENT", "DOWN", "LOWERLAYERDOWN", "TESTING", "DORMANT", "UP"};
  return state < kNames.size() ? kNames.at(state) : fmt::format("{}", state);
}

/// IFLA_LINKINFO of a port says so of its bridge.
bool Forwards(Bytes link_info) {
  bool is_port = false, forwards = false;
  ForEachAttribute(link_info, [&](unsigned type, Bytes value) {
    if (type == IFLA_INFO_SLAVE_KIND) is_port = TextOf(value) == "bridge";
    if (type != IFLA_INFO_SLAVE_DATA) return;
    ForEachAttribute(value, [&](unsigned of_port, Bytes state) {
      if (of_port == IFLA_BRPORT_STATE) forwards = Head<std::uint8_t>(state) == BR_STATE_FORWARDING;
    });
  });
  return is_port && forwards;
}

struct Link {
  int index = 0;
  NetworkInterface facts;
};

std::optional<Link> ReadLink(Bytes body) {
  const auto head = Head<ifinfomsg>(body);
  if (!head) return std::nullopt;
  Link link{head->ifi_index, {.name = {}, .state = StateName(0), .address = {}}};
  link.facts.loopback = (head->ifi_flags & IFF_LOOPBACK) != 0;
  ForEachAttribute(Behind<ifinfomsg>(body), [&](unsigned type, Bytes value) {
    if (type == IFLA_IFNAME) link.facts.name = TextOf(value);
    if (type == IFLA_OPERSTATE) link.facts.state = StateName(Head<std::uint8_t>(value).value_or(0));
    if (type == IFLA_LINKINFO) link.facts.forwards = Forwards(value);
  });
  return link;
}

struct Address {
  int index = 0;
  int family = 0;
  std::string text;
};

/// The own address: IFA_ADDRESS of a point-to-point line is that of the other end.
std::optional<Address> ReadAddress(Bytes body) {
  const auto head = Head<ifaddrmsg>(body);
  if (!head || (head->ifa_family != AF_INET && head->ifa_family != AF_INET6)) return std::nullopt;
  Address address{static_cast<int>(head->ifa_index), head->ifa_family, {}};
  std::string local;
  ForEachAttribute(Behind<ifaddrmsg>(body), [&](unsigned type, Bytes value) {
    if (type == IFA_ADDRESS) address.text = AddressText(address.family, value);
    if (type == IFA_LOCAL) local = AddressText(address.family, value);
  });
  if (!local.empty()) address.text = std::move(local);
  return address;
}

struct Route {
  int index = 0;
  std::string gateway;
};

/// Of a route over several lines the first counts.
void ReadFirstHop(Bytes value, Route& route) {
  const auto hop = Head<rtnexthop>(value);
  if (!hop || hop->rtnh_len < sizeof(rtnexthop) || hop->rtnh_len > value.size()) return;
  route.index = hop->rtnh_ifindex;
  ForEachAttribute(value.subspan(sizeof(rtnexthop), hop->rtnh_len - sizeof(rtnexthop)), [&](unsigned type, Bytes of) {
    if (type == RTA_GATEWAY) route.gateway = AddressText(AF_INET, of);
  });
}

std::optional<Route> ReadDefaultRoute(Bytes body) {
  const auto head = Head<rtmsg>(body);
  if (!head || head->rtm_family != AF_INET || head->rtm_dst_len != 0 || head->rtm_type != RTN_UNICAST)
    return std::nullopt;
  std::uint32_t table = head->rtm_table;
  Route route;
  ForEachAttribute(Behind<rtmsg>(body), [&](unsigned type, Bytes value) {
    if (type == RTA_TABLE) table = Head<std::uint32_t>(value).value_or(table);
    if (type == RTA_OIF) route.index = Head<int>(value).value_or(0);
    if (type == RTA_GATEWAY) route.gateway = AddressText(AF_INET, value);
    if (type == RTA_MULTIPATH) ReadFirstHop(value, route);
  });
  if (table != RT_TABLE_MAIN || (head->rtm_flags & RTM_F_CLONED) != 0) return std::nullopt;
  return route;
}

template <class Item, class Read>
OnMessage Collect(std::vector<Item>& items, std::uint16_t wanted, Read read) {
  return [&items, wanted, read](std::uint16_t type, Bytes body) {
    if (type != wanted) return;
    if (auto item = read(body)) items.push_back(std::move(*item));
  };
}

NetworkState Join(std::vector<Link> links, const std::vector<Address>& addresses, std::vector<Route> routes) {
  NetworkState state;
  for (Route& route : routes) {
    const auto link = std::ranges::find(links, route.index, &Link::index);
    if (link != links.end()) state.default_routes.push_back({std::move(route.gateway), link->facts.name});
  }
  for (Link& link : links) {
    for (const int family : {AF_INET, AF_INET6}) {
      const auto first = std::ranges::find_if(
          addresses, [&](const Address& one) { return one.index == link.index && one.family == family; });
      if (first != addresses.end() && !link.facts.address) link.facts.address = first->text;
    }
    state.interfaces.push_back(std::move(link.facts));
  }
  return state;
}

}  // namespace

Result<NetworkState> ReadNetworkState() {
  auto kernel = Kernel::Open();
  if (!kernel) return Failure(kernel.error());
  std::vector<Link> links;
  std::vector<Address> addresses;
  std::vector<Route> routes;
  const auto read =
      kernel
          ->Dump(
              RTM_GETLINK, ifinfomsg{}, [&] { links.clear(); }, Collect(links, RTM_NEWLINK, ReadLink))
          .and_then([&] {
            return kernel->Dump(
                RTM_GETADDR, ifaddrmsg{}, [&] { addresses.clear(); }, Collect(addresses, RTM_NEWADDR, ReadAddress));
          })
          .and_then([&] {
            rtmsg wanted{};
            wanted.rtm_family = AF_INET;
            return kernel->Dump(
                RTM_GETROUTE, wanted, [&] { routes.clear(); }, Collect(routes, RTM_NEWROUTE, ReadDefaultRoute));
          });
  if (!read) return Failure(read.error());
  return Join(std::move(links), addresses, std::move(routes));
}

}  // namespace cmdsrv
