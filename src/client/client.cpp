#include "client/client.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <optional>
#include <zmq.hpp>

#include "protocol/command.hpp"

namespace cmdsrv {
namespace {

using std::chrono::milliseconds;
using Deadline = std::chrono::steady_clock::time_point;

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

int Remaining(Deadline deadline) {
  const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<milliseconds::rep>(left.count(), 0, 1'000'000'000));
}

}  // namespace

/// The sockets of libzmq. Its members throw zmq::error_t; Client turns that into values.
class Client::Connection {
 public:
  explicit Connection(const std::string& path)
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

  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() { ::zmq_socket_monitor(socket_.handle(), nullptr, 0); }

  void Send(std::string_view command) { socket_.send(zmq::buffer(command), zmq::send_flags::dontwait); }

  enum class News { Reply, Gone, Nothing };

  News Wait(Deadline deadline) {
    zmq::pollitem_t items[] = {{socket_.handle(), 0, ZMQ_POLLIN, 0}, {gone_.handle(), 0, ZMQ_POLLIN, 0}};
    while (::zmq_poll(items, 2, Remaining(deadline)) < 0) {
      if (::zmq_errno() != EINTR) throw zmq::error_t();
    }
    // The reply first: a server that stops answers and goes away.
    if ((items[0].revents & ZMQ_POLLIN) != 0) return News::Reply;
    return (items[1].revents & ZMQ_POLLIN) != 0 ? News::Gone : News::Nothing;
  }

  /// The waiting message; empty when there is none, or when it is no reply because it has several frames.
  std::optional<std::string> Take() {
    zmq::message_t frame;
    if (!socket_.recv(frame, zmq::recv_flags::dontwait)) return std::nullopt;
    if (!frame.more()) return frame.to_string();
    while (frame.more() && socket_.recv(frame, zmq::recv_flags::dontwait)) continue;
    return std::nullopt;
  }

 private:
  zmq::socket_t socket_;
  zmq::socket_t gone_;  ///< tells that the server closed the connection
};

Client::Client(std::string path, std::unique_ptr<Connection> connection)
    : path_(std::move(path)), connection_(std::move(connection)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

Result<Client> Client::Connect(const std::string& socket_path) {
  if (auto open = TryDoor(socket_path); !open) return Failure(std::move(open.error()));
  try {
    return Client(socket_path, std::make_unique<Connection>(socket_path));
  } catch (const zmq::error_t& error) {
    return Fail(ErrorCode::Io, "cannot connect to the Command Server at {}: {}", socket_path, error.what());
  }
}

Result<std::string> Client::Ask(std::string_view command, milliseconds deadline) {
  if (!connection_ || reply_owed_) {
    auto fresh = Connect(path_);
    if (!fresh) return Failure(std::move(fresh.error()));
    *this = std::move(*fresh);
  }
  try {
    connection_->Send(command);
  } catch (const zmq::error_t& error) {
    connection_.reset();
    return Fail(ErrorCode::Io, "cannot send to the Command Server at {}: {}", path_, error.what());
  }
  reply_owed_ = true;
  asked_bytes_ = command.size();
  return WaitOn(deadline);
}

Result<std::string> Client::WaitOn(milliseconds deadline) {
  if (!connection_ || !reply_owed_) return Fail(ErrorCode::Internal, "nothing was asked of {}", path_);
  const Deadline until = std::chrono::steady_clock::now() + deadline;
  try {
    for (;;) {
      const auto news = connection_->Wait(until);
      if (news == Connection::News::Nothing) {
        return Fail(ErrorCode::Timeout, "the Command Server did not answer within {} ms", deadline.count());
      }
      if (auto reply = connection_->Take()) {
        reply_owed_ = false;
        return std::move(*reply);
      }
      if (news == Connection::News::Gone) break;
    }
  } catch (const zmq::error_t& error) {
    connection_.reset();
    return Fail(ErrorCode::Io, "cannot receive from the Command Server at {}: {}", path_, error.what());
  }
  connection_.reset();
  if (asked_bytes_ > kMaxCommandBytes) {
    return Fail(ErrorCode::Unavailable,
                "the Command Server at {} closed the connection: the Command has {} bytes, and it takes at most {}, "
                "unless max_command_bytes says more",
                path_, asked_bytes_, kMaxCommandBytes);
  }
  return Fail(ErrorCode::Unavailable, "the Command Server at {} went away before it answered", path_);
}

}  // namespace cmdsrv
