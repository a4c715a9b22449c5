#include "support/box/line.hpp"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace cmdsrv::test {
namespace {

constexpr int kSendBuffer = 128 << 10;  // small, so that what counts as sent is nearly what has arrived
constexpr int kDrainSteps = 400;

}  // namespace

void Stalls::Enter(int event_fd) {
  const std::scoped_lock lock(mutex_);
  waiting_.insert(event_fd);
}

void Stalls::Leave(int event_fd) {
  const std::scoped_lock lock(mutex_);
  waiting_.erase(event_fd);
}

void Stalls::ReleaseAll() {
  const std::scoped_lock lock(mutex_);
  for (const int fd : waiting_) ::eventfd_write(fd, 1);
}

unsigned Stalls::Count() const {
  const std::scoped_lock lock(mutex_);
  return static_cast<unsigned>(waiting_.size());
}

Line::Line(UniqueFd socket, int stop_fd) : socket_(std::move(socket)), stop_fd_(stop_fd) {
  const int one = 1;
  ::setsockopt(socket_.Get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  ::setsockopt(socket_.Get(), SOL_SOCKET, SO_SNDBUF, &kSendBuffer, sizeof kSendBuffer);
}

bool Line::Receive(std::string& buffer) {
  std::array<pollfd, 2> waits = {pollfd{socket_.Get(), POLLIN, 0}, pollfd{stop_fd_, POLLIN, 0}};
  while (::poll(waits.data(), waits.size(), -1) < 0) {
    if (errno != EINTR) return false;
  }
  if (waits[1].revents != 0) return false;
  std::array<char, 16384> piece{};
  const ssize_t got = ::recv(socket_.Get(), piece.data(), piece.size(), 0);
  if (got <= 0) return false;
  buffer.append(piece.data(), static_cast<std::size_t>(got));
  return true;
}

bool Line::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    std::array<pollfd, 2> waits = {pollfd{socket_.Get(), POLLOUT, 0}, pollfd{stop_fd_, POLLIN, 0}};
    if (::poll(waits.data(), waits.size(), -1) < 0 && errno != EINTR) return false;
    if (waits[1].revents != 0) return false;
    const ssize_t sent = ::send(socket_.Get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return false;
    if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool Line::Pause(int milliseconds) {
  std::array<pollfd, 2> waits = {pollfd{socket_.Get(), POLLRDHUP, 0}, pollfd{stop_fd_, POLLIN, 0}};
  return ::poll(waits.data(), waits.size(), milliseconds) == 0;
}

bool Line::Stall(Stalls& stalls) {
  const UniqueFd release(::eventfd(0, EFD_CLOEXEC));
  stalls.Enter(release.Get());
  std::array<pollfd, 3> waits = {pollfd{socket_.Get(), POLLRDHUP, 0}, pollfd{stop_fd_, POLLIN, 0},
                                 pollfd{release.Get(), POLLIN, 0}};
  while (::poll(waits.data(), waits.size(), -1) < 0 && errno == EINTR) {
  }
  stalls.Leave(release.Get());
  return waits[2].revents != 0 && waits[0].revents == 0 && waits[1].revents == 0;
}

void Line::Reset() {
  int unsent = 1;
  for (int step = 0; step < kDrainSteps; ++step) {  // a RST throws away what is still in the queue
    if (::ioctl(socket_.Get(), SIOCOUTQ, &unsent) != 0 || unsent == 0) break;
    if (!Pause(5)) break;
  }
  const linger at_once = {.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket_.Get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  socket_.Reset();
}

}  // namespace cmdsrv::test
