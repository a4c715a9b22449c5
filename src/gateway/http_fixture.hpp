#pragma once

#include <gmock/gmock.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <future>
#include <thread>

#include "gateway/http_server.hpp"
#include "gateway/listen_socket.hpp"

/// The HTTP layer over a real socket, with a handler that says what it was asked.
namespace cmdsrv::gateway {

/// A client that sends bytes, whatever they are.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  ~RawClient() { ::close(fd_); }

  bool Connected() const { return connected_; }
  void Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  /// Sends, and waits a moment for the server to close; true when it did.
  bool SendAndLook(std::string_view bytes) {
    Send(bytes);
    pollfd waiting{fd_, POLLIN, 0};
    char buffer[64];
    return ::poll(&waiting, 1, 10) > 0 && ::recv(fd_, buffer, sizeof buffer, 0) <= 0;
  }
  /// What comes until `text` was in it, or the server closes, or 20 s have passed.
  std::string ReadUntil(std::string_view text) {
    while (text.empty() || got_.find(text) == std::string::npos) {
      pollfd waiting{fd_, POLLIN, 0};
      char buffer[4096];
      if (::poll(&waiting, 1, 20'000) <= 0) return got_ + "(timeout)";
      const ssize_t count = ::recv(fd_, buffer, sizeof buffer, 0);
      if (count <= 0) break;
      got_.append(buffer, static_cast<std::size_t>(count));
    }
    return std::exchange(got_, {});
  }
  /// Everything until the server closes.
  std::string ReadAll() { return ReadUntil(""); }

 private:
  int fd_;
  bool connected_ = false;
  std::string got_;
};

/// A body of which the test gives the pieces.
class Pieces final : public BodyStream {
 public:
  std::shared_ptr<const std::string> Next() override {
    if (pieces.empty()) return nullptr;
    auto piece = std::make_shared<const std::string>(std::move(pieces.front()));
    pieces.pop_front();
    return piece;
  }
  std::deque<std::string> pieces;
};

/// Says what it was asked; "/later" keeps the answer until Release.
class HttpServerTest : public testing::Test {
 protected:
  void Start(const HttpLimits& limits = {}, bool proxied = false) {
    const auto listening = Listen("127.0.0.1:0").value();
    port = static_cast<std::uint16_t>(std::stoi(listening.address.substr(listening.address.rfind(':') + 1)));
    loop = Loop::Make().value();
    server = HttpServer::Start(
                 *loop, listening.fd, proxied,
                 [this](HttpRequest request, Reply reply) { Handle(std::move(request), std::move(reply)); }, limits)
                 .value();
    thread = std::thread([this] { loop->Run(); });
  }
  ~HttpServerTest() override {
    if (!thread.joinable()) return;
    loop->Post([this] { loop->Stop(); });
    thread.join();
  }
  void Handle(HttpRequest request, Reply reply) {
    ++handled;
    if (request.path == "/stream") {
      auto stream = std::make_shared<Pieces>();
      streams.push_back(stream);
      return reply({.type = "text/event-stream", .stream = std::move(stream)});
    }
    if (request.path == "/end") {
      for (const auto& weak : streams) weak.lock()->End();
    }
    if (request.path == "/later") return later.push_back(std::move(reply));
    reply({.body = fmt::format("[{} {} {} {}]", request.method, request.path, request.client, request.body)});
  }
  void Release() {
    loop->Post([this] {
      for (const Reply& reply : later) reply({.body = "[released]"});
      later.clear();
    });
  }
  /// Gives a piece to all streams that still live.
  void Say(const std::string& piece) {
    loop->Post([this, piece] {
      for (const auto& weak : streams) {
        if (const auto stream = weak.lock()) {
          stream->pieces.push_back(piece);
          stream->Wake();
        }
      }
    });
  }
  std::size_t Living() {
    std::promise<std::size_t> count;
    loop->Post([&] {
      count.set_value(
          static_cast<std::size_t>(std::ranges::count_if(streams, [](const auto& weak) { return !weak.expired(); })));
    });
    return count.get_future().get();
  }
  std::string Ask(std::string_view bytes) {
    RawClient client(port);
    client.Send(bytes);
    return client.ReadUntil("]");
  }
  static std::string Get(std::string_view path, std::string_view more = "") {
    return fmt::format("GET {} HTTP/1.1\r\nHost: box\r\n{}\r\n", path, more);
  }
  static std::string Post(std::string_view path, std::string_view body, std::string_view more = "") {
    return fmt::format("POST {} HTTP/1.1\r\nHost: box\r\nContent-Length: {}\r\n{}\r\n{}", path, body.size(), more,
                       body);
  }

  std::uint16_t port = 0;
  std::unique_ptr<Loop> loop;
  std::vector<Reply> later;
  std::vector<std::weak_ptr<Pieces>> streams;  ///< of the loop's thread
  std::unique_ptr<HttpServer> server;
  std::thread thread;
  std::atomic<int> handled = 0;
};

}  // namespace cmdsrv::gateway
