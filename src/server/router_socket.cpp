#include "server/router_socket.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <map>
#include <memory>
#include <zmq.hpp>

namespace cmdsrv {
namespace {

// What one client may have in flight before it is held back (requests) or its replies wait with us (see Router).
constexpr int kRequestsPerClient = 64;
constexpr int kRepliesPerClient = 100;
constexpr int kBacklog = 512;
constexpr int kHandshakeMilliseconds = 10'000;  // a connection that says nothing costs a descriptor no longer than this

// The limits above count replies. Large ones are counted by their bytes too, as long as libzmq has them; one that is
// longer than its client's share gets its turn when that client has nothing else on the way.
constexpr std::size_t kLargeReply = 64U << 10U;
constexpr std::size_t kLargeBytesPerClient = 16U << 20U;
constexpr std::size_t kLargeBytesTogether = 128U << 20U;

using ByteCount = std::atomic<std::size_t>;

/// The memory of one large reply, given back by whichever thread of libzmq is the last to need it.
class LargeReply {
 public:
  LargeReply(std::string&& text, std::shared_ptr<ByteCount> client, std::shared_ptr<ByteCount> together)
      : text_(std::move(text)), client_(std::move(client)), together_(std::move(together)) {
    *client_ += text_.size();
    *together_ += text_.size();
  }
  ~LargeReply() {
    *client_ -= text_.size();
    *together_ -= text_.size();
  }
  LargeReply(const LargeReply&) = delete;
  LargeReply& operator=(const LargeReply&) = delete;

  static zmq::message_t ToMessage(std::unique_ptr<LargeReply> reply) {
    LargeReply& self = *reply;
    // libzmq hands it on with an order of its own, which the thread sanitizer does not see.
    self.handed_on_.store(true, std::memory_order_release);
    zmq::message_t message(self.text_.data(), self.text_.size(), GiveBack, &self);
    (void)reply.release();
    return message;
  }

 private:
  static void GiveBack(void*, void* reply) {
    auto* self = static_cast<LargeReply*>(reply);
    if (self->handed_on_.load(std::memory_order_acquire)) delete self;
  }

  std::string text_;
  const std::shared_ptr<ByteCount> client_;
  const std::shared_ptr<ByteCount> together_;
  std::atomic<bool> handed_on_{false};
};

class ZmqRouterSocket final : public RouterSocket {
 public:
  ZmqRouterSocket(UniqueFd listening, const std::string& path, std::size_t max_message_bytes) {
    socket_.set(zmq::sockopt::maxmsgsize, static_cast<std::int64_t>(max_message_bytes));
    socket_.set(zmq::sockopt::rcvhwm, kRequestsPerClient);
    socket_.set(zmq::sockopt::sndhwm, kRepliesPerClient);
    socket_.set(zmq::sockopt::backlog, kBacklog);
    socket_.set(zmq::sockopt::handshake_ivl, kHandshakeMilliseconds);
    socket_.set(zmq::sockopt::linger, 0);
    // Tells a client that is gone from one that does not read; the first is no error, the second gets another chance.
    socket_.set(zmq::sockopt::router_mandatory, true);
    const int fd = listening.Get();
    if (::zmq_setsockopt(socket_.handle(), ZMQ_USE_FD, &fd, sizeof fd) != 0) throw zmq::error_t();
    socket_.bind("ipc://" + path);
    (void)listening.Release();  // libzmq closes it
  }

  std::optional<Message> Receive() override {
    if (!socket_.recv(identity_, zmq::recv_flags::dontwait)) return std::nullopt;
    Message message;
    message.identity = identity_.to_string_view();
    bool more = identity_.more();
    while (more) {
      zmq::message_t& frame = frames_[std::min(message.frame_count, frames_.size() - 1)];
      if (!socket_.recv(frame, zmq::recv_flags::dontwait)) break;
      // The identity frame is libzmq's own and carries no property; those of the client do.
      if (!message.peer) message.peer = PeerOf(frame);
      if (message.frame_count < message.kept.size()) message.kept[message.frame_count] = frame.to_string_view();
      message.bytes += frame.size();
      ++message.frame_count;
      more = frame.more();
    }
    return message;
  }

  Sent Send(const Address& to, std::string&& text) override {
    constexpr auto kNow = zmq::send_flags::dontwait;
    const bool large = text.size() >= kLargeReply;
    if (large && !HasRoom(to.identity, text.size())) return Sent::Full;
    try {
      if (!socket_.send(zmq::buffer(to.identity), kNow | zmq::send_flags::sndmore)) return Sent::Full;
      if (to.delimiter) (void)socket_.send(zmq::str_buffer(""), kNow | zmq::send_flags::sndmore);
      if (large) {
        auto& client = large_bytes_.try_emplace(to.identity, std::make_shared<ByteCount>(0)).first->second;
        (void)socket_.send(
            LargeReply::ToMessage(std::make_unique<LargeReply>(std::move(text), client, large_bytes_together_)), kNow);
      } else {
        (void)socket_.send(zmq::buffer(text), kNow);
      }
      return Sent::Yes;
    } catch (const zmq::error_t& error) {
      if (error.num() == EHOSTUNREACH) return Sent::Gone;
      throw;
    }
  }

  unsigned Wait(std::span<const int> descriptors, std::optional<std::chrono::milliseconds> timeout) override {
    std::array<zmq_pollitem_t, 5> items{{{socket_.handle(), 0, ZMQ_POLLIN, 0}}};
    const std::size_t count = std::min(descriptors.size(), items.size() - 1);
    for (std::size_t i = 0; i < count; ++i) items[i + 1] = {nullptr, descriptors[i], ZMQ_POLLIN, 0};
    const long wait = timeout ? static_cast<long>(std::max<std::int64_t>(timeout->count(), 0)) : -1;
    if (::zmq_poll(items.data(), static_cast<int>(count + 1), wait) < 0 && ::zmq_errno() != EINTR) throw zmq::error_t();
    unsigned readable = 0;
    for (std::size_t i = 0; i < count; ++i) readable |= (items[i + 1].revents != 0 ? 1U : 0U) << i;
    return readable;
  }

  void Close(std::chrono::milliseconds linger) override {
    socket_.set(zmq::sockopt::linger, static_cast<int>(linger.count()));
    socket_.close();
    context_.close();
  }

 private:
  std::optional<Peer> PeerOf(zmq::message_t& frame) {
    const char* address = ::zmq_msg_gets(frame.handle(), "Peer-Address");
    if (address == nullptr) return std::nullopt;
    if (last_address_ != address) {  // most come from the process of the one before
      last_address_ = address;
      last_peer_ = ParsePeer(last_address_);
    }
    return last_peer_;
  }

  bool HasRoom(const std::string& identity, std::size_t bytes) {
    std::erase_if(large_bytes_, [](const auto& entry) { return *entry.second == 0; });
    if (large_bytes_.empty()) return true;
    const auto client = large_bytes_.find(identity);
    return (client == large_bytes_.end() || *client->second + bytes <= kLargeBytesPerClient) &&
           *large_bytes_together_ + bytes <= kLargeBytesTogether;
  }

  zmq::context_t context_{1};
  zmq::socket_t socket_{context_, zmq::socket_type::router};
  zmq::message_t identity_;
  std::string last_address_;
  std::optional<Peer> last_peer_;                                  ///< what last_address_ says
  std::map<std::string, std::shared_ptr<ByteCount>> large_bytes_;  ///< on the way to each client, by its identity
  const std::shared_ptr<ByteCount> large_bytes_together_ = std::make_shared<ByteCount>(0);
  std::array<zmq::message_t, 4> frames_;  ///< the last one takes what nobody looks at
};

}  // namespace

Result<std::unique_ptr<RouterSocket>> RouterSocket::Serve(UniqueFd listening, const std::string& path,
                                                          std::size_t max_message_bytes) {
  try {
    return std::make_unique<ZmqRouterSocket>(std::move(listening), path, max_message_bytes);
  } catch (const zmq::error_t& error) {
    return Fail(ErrorCode::Io, "cannot serve the socket {}: {}", path, error.what());
  }
}

}  // namespace cmdsrv
