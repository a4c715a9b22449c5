#include "platform/internet_probe.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <chrono>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include "platform/unique_fd.hpp"
#include "support/silent_port.hpp"

namespace cmdsrv {
namespace {

using std::chrono::seconds;
using Steady = std::chrono::steady_clock;

/// A port of 127.0.0.1, listening or (without backlog) merely taken.
class Port {
 public:
  explicit Port(bool listening) : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(socket_.Get(), generic, size), 0);
    EXPECT_EQ(getsockname(socket_.Get(), generic, &size), 0);
    number_ = ntohs(address.sin_port);
    if (listening) {
      EXPECT_EQ(listen(socket_.Get(), 64), 0);
    }
  }
  std::uint16_t Number() const { return number_; }
  void Close() { socket_.Reset(); }
  int Descriptor() const { return socket_.Get(); }

 private:
  UniqueFd socket_;
  std::uint16_t number_ = 0;
};

TEST(InternetProbe, SomebodyListens) {
  const Port port(true);
  EXPECT_TRUE(InternetProbe("127.0.0.1", port.Number()).Available());
}

TEST(InternetProbe, NameIsLookedUp) {
  const Port port(true);
  addrinfo* found = nullptr;
  const bool known =
      getaddrinfo("localhost", nullptr, nullptr, &found) == 0;  // a root without /etc/hosts has no such name
  if (known) freeaddrinfo(found);
  EXPECT_EQ(InternetProbe("localhost", port.Number()).Available(), known);
}

TEST(InternetProbe, NobodyListens) {
  const Port port(false);
  const auto began = Steady::now();
  EXPECT_FALSE(InternetProbe("127.0.0.1", port.Number()).Available());
  EXPECT_LT(Steady::now() - began, seconds(3));
}

TEST(InternetProbe, AnswersLaterToWhoDoesNotWaitAndLooksAnew) {
  auto port = std::make_unique<Port>(true);
  InternetProbe probe("127.0.0.1", port->Number());
  EXPECT_TRUE(probe.Available());
  const auto ask = [&probe] {
    auto answer = std::make_shared<std::promise<bool>>();
    probe.Ask([answer](bool there) { answer->set_value(there); });
    return answer->get_future().get();
  };
  EXPECT_TRUE(ask());
  port->Close();
  EXPECT_FALSE(ask()) << "the yes of a moment ago must not be remembered";
}

TEST(InternetProbe, NamesThatAreNone) {  // and about which no name server is asked
  for (const char* host : {"", "no such host", "-x"}) {
    EXPECT_FALSE(InternetProbe(host, 1).Available()) << host;
  }
}

TEST(InternetProbe, YesIsRemembered) {
  Port port(true);
  InternetProbe probe("127.0.0.1", port.Number());
  EXPECT_TRUE(probe.Available());
  port.Close();
  EXPECT_TRUE(probe.Available());
}

TEST(InternetProbe, NoIsNotRemembered) {
  const Port port(false);
  InternetProbe probe("127.0.0.1", port.Number());
  EXPECT_FALSE(probe.Available());
  ASSERT_EQ(listen(port.Descriptor(), 64), 0);
  EXPECT_TRUE(probe.Available());
}

TEST(InternetProbe, SilenceEndsAtTheDeadlineForAllCallersTogether) {
  const test::SilentPort port;
  ASSERT_NE(port.Number(), 0);
  InternetProbe probe("127.0.0.1", port.Number());
  const auto began = Steady::now();
  std::vector<std::thread> callers;
  callers.reserve(4);
  for (int i = 0; i < 4; ++i) callers.emplace_back([&] { EXPECT_FALSE(probe.Available()); });
  for (auto& caller : callers) caller.join();
  EXPECT_GE(Steady::now() - began, seconds(4));
  EXPECT_LT(Steady::now() - began, seconds(8));
  const auto known = Steady::now();
  EXPECT_FALSE(probe.Recent());
  EXPECT_LT(Steady::now() - known, seconds(3)) << "the no of a moment ago is said at once";
}

TEST(InternetProbe, RecentSaysWhatIsKnown) {
  const Port port(true);
  EXPECT_TRUE(InternetProbe("127.0.0.1", port.Number()).Recent()) << "nothing is known yet, so it looks";
  InternetProbe probe("127.0.0.1", port.Number());
  EXPECT_TRUE(probe.Available());
  EXPECT_TRUE(probe.Recent());
}

TEST(InternetProbe, MayGoAwayWhileAProbeIsUnderWay) {
  const Port port(true);
  for (int i = 0; i < 20; ++i) InternetProbe("127.0.0.1", port.Number()).Available();
}

}  // namespace
}  // namespace cmdsrv
