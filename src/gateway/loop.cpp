#include "gateway/loop.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace cmdsrv::gateway {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

Result<std::unique_ptr<Loop>> Loop::Make() {
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) return FailFromErrno(errno, "make an epoll descriptor");
  const int wake = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake < 0) {
    const int reason = errno;
    ::close(epoll);
    return FailFromErrno(reason, "make an event descriptor");
  }
  std::unique_ptr<Loop> loop(new Loop(epoll, wake));
  const auto watched = loop->Watch(wake, [wake] {
    std::uint64_t count = 0;
    while (::read(wake, &count, sizeof count) < 0 && errno == EINTR) continue;
  });
  if (!watched) return Failure(watched.error());
  return loop;
}

Loop::~Loop() {
  ::close(wake_);
  ::close(epoll_);
}

Result<void> Loop::Watch(int fd, Act act) {
  watched_.push_back(std::make_unique<Act>(std::move(act)));
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = watched_.back().get();
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) return FailFromErrno(errno, "watch a descriptor");
  return {};
}

void Loop::Post(Act act) {
  {
    const std::lock_guard lock(mutex_);
    posted_.push_back(std::move(act));
  }
  const std::uint64_t one = 1;
  while (::write(wake_, &one, sizeof one) < 0 && errno == EINTR) continue;
}

Loop::TimerId Loop::Start(milliseconds delay, Act act) {
  const TimerId id{steady_clock::now() + delay, ++timer_number_};
  timers_.emplace(id, std::move(act));
  return id;
}

void Loop::Wait() {
  milliseconds timeout = prepare_ ? prepare_() : milliseconds(-1);
  if (!timers_.empty()) {
    const auto left = std::chrono::ceil<milliseconds>(timers_.begin()->first.first - steady_clock::now());
    const milliseconds until_timer = std::clamp(left, milliseconds(0), milliseconds(60'000));
    if (timeout.count() < 0 || until_timer < timeout) timeout = until_timer;
  }
  std::array<epoll_event, 16> events{};
  const int count =
      ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), static_cast<int>(timeout.count()));
  for (int i = 0; i < count; ++i) (*static_cast<Act*>(events[static_cast<std::size_t>(i)].data.ptr))();
}

void Loop::RunPosted() {
  std::vector<Act> acts;
  {
    const std::lock_guard lock(mutex_);
    acts.swap(posted_);
  }
  for (const Act& act : acts) act();
}

void Loop::RunTimers() {
  const auto now = steady_clock::now();
  while (!timers_.empty() && timers_.begin()->first.first <= now) {
    const Act act = std::move(timers_.begin()->second);
    timers_.erase(timers_.begin());
    act();
  }
}

void Loop::Run() {
  while (!stopped_) {
    Wait();
    RunPosted();
    RunTimers();
  }
}

}  // namespace cmdsrv::gateway
