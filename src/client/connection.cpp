#include "client/connection.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>

#include "client/client.hpp"

namespace cmdsrv {
namespace {

using std::chrono::milliseconds;

/// One for the whole process. Never destroyed: ending a context waits for its sockets, and a thread that still asks
/// while the program ends must not hold it up.
zmq::context_t& Context() {
  static auto* context = new zmq::context_t(1);
  return *context;
}

/// libzmq connects in the background and keeps the reason of a failure to itself, so the door is tried by hand first.
Result<void> TryDoor(const std::string& path) {
  if (path.empty() || path.size() > kLongestSocketPath) {
    return Fail(ErrorCode::Malformed, "the path of the socket has {} bytes, but 1 to {} are possible: \"{}\"",
                path.size(), kLongestSocketPath, path);
  }
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return FailFromErrno(errno, "make a socket");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  const int refused = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
  ::close(fd);
  if (refused == 0 || refused == EAGAIN) return {};  // EAGAIN: somebody listens, and has many visitors
  return Fail(ErrorCode::Unavailable, "cannot reach the Command Server at {}: {}", path, Reason(refused));
}

}  // namespace

int Remaining(std::chrono::steady_clock::time_point deadline) {
  if (deadline <= std::chrono::steady_clock::now()) return 0;  // the difference to a very early time would overflow
  const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<milliseconds::rep>(left.count(), 0, 1'000'000'000));
}

Result<std::unique_ptr<Connection>> Connection::Open(const std::string& path) {
  if (auto open = TryDoor(path); !open) return Failure(std::move(open.error()));
  try {
    return std::make_unique<Connection>(path);
  } catch (const zmq::error_t& error) {
    return Fail(ErrorCode::Io, "cannot connect to the Command Server at {}: {}", path, error.what());
  }
}

Connection::Connection(const std::string& path)
    : socket_(Context(), zmq::socket_type::dealer), gone_(Context(), zmq::socket_type::pair) {
  static std::atomic<unsigned> number{0};
  const std::string events = fmt::format("inproc://cmdsrv-client-{}", ++number);
  socket_.set(zmq::sockopt::linger, 0);
  gone_.set(zmq::sockopt::linger, 0);
  // Without this a request to a server that is killed meanwhile would wait for its whole deadline.
  if (::zmq_socket_monitor(socket_.handle(), events.c_str(), ZMQ_EVENT_DISCONNECTED) != 0) throw zmq::error_t();
  gone_.connect(events);
  socket_.connect("ipc://" + path);
}

Connection::~Connection() { ::zmq_socket_monitor(socket_.handle(), nullptr, 0); }

void Connection::Send(std::string_view command) { socket_.send(zmq::buffer(command), zmq::send_flags::dontwait); }

Connection::News Connection::Wait(std::chrono::steady_clock::time_point until) {
  zmq::pollitem_t items[] = {{socket_.handle(), 0, ZMQ_POLLIN, 0}, {gone_.handle(), 0, ZMQ_POLLIN, 0}};
  while (::zmq_poll(items, 2, Remaining(until)) < 0) {
    if (::zmq_errno() != EINTR) throw zmq::error_t();
  }
  // The reply first: a server that stops answers and goes away.
  if ((items[0].revents & ZMQ_POLLIN) != 0) return News::Reply;
  return (items[1].revents & ZMQ_POLLIN) != 0 ? News::Gone : News::Nothing;
}

std::optional<std::string> Connection::Take() {
  zmq::message_t frame;
  if (!socket_.recv(frame, zmq::recv_flags::dontwait)) return std::nullopt;
  if (!frame.more()) return frame.to_string();
  while (frame.more() && socket_.recv(frame, zmq::recv_flags::dontwait)) continue;
  return std::nullopt;
}

}  // namespace cmdsrv
