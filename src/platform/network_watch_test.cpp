#include "platform/network_watch.hpp"

#include <gtest/gtest.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cstring>

#include "platform/unique_fd.hpp"

namespace cmdsrv {
namespace {

using namespace std::chrono_literals;

constexpr int kNoNamespace = 77;

/// Switches the loopback of a network of our own on or off.
bool SetLoopback(bool up) {
  const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  if (::ioctl(socket.Get(), SIOCGIFFLAGS, &request) != 0) return false;
  request.ifr_flags = static_cast<short>(up ? request.ifr_flags | IFF_UP : request.ifr_flags & ~IFF_UP);
  return ::ioctl(socket.Get(), SIOCSIFFLAGS, &request) == 0;
}

/// 0 when the source has told of both changes and then been silent.
int WatchInANetworkOfOurOwn() {
  if (::unshare(CLONE_NEWNET) != 0 && ::unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) return kNoNamespace;
  int calls = 0;
  for (const bool up : {true, false}) {
    auto loop = EventLoop::Make().value();
    auto source = WatchNetwork(*loop, [&] {
      ++calls;
      loop->Quit();
    });
    if (!source || !*source) return 1;
    const auto too_late = loop->After(10s, [&] { loop->Quit(); });
    const int before = calls;
    if (!SetLoopback(up)) return 2;
    loop->Run();
    if (calls == before) return 3;
  }
  auto loop = EventLoop::Make().value();
  auto source = WatchNetwork(*loop, [&] { ++calls; });
  source->reset();
  const int before = calls;
  if (!SetLoopback(true)) return 4;
  const auto soon = loop->After(50ms, [&] { loop->Quit(); });
  loop->Run();
  return calls == before ? 0 : 5;
}

TEST(NetworkWatch, TellsOfChangesUntilItIsDropped) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) _exit(WatchInANetworkOfOurOwn());
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == kNoNamespace) {  // a container without the right to make one; listening works there too
    auto loop = EventLoop::Make().value();
    EXPECT_TRUE(WatchNetwork(*loop, [] {}));
    return;
  }
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(NetworkWatch, SilenceCostsNothing) {
  auto loop = EventLoop::Make().value();
  int calls = 0;
  const auto source = WatchNetwork(*loop, [&] { ++calls; });
  ASSERT_TRUE(source);
  const auto end = loop->After(20ms, [&] { loop->Quit(); });
  loop->Run();
  EXPECT_LE(calls, 1) << "only a change of the machine's own network may be told";
}

}  // namespace
}  // namespace cmdsrv
