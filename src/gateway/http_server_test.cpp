// The HTTP layer over real sockets: what a client may do to it, and what the handler gets to see of that.
#include "gateway/http_server.hpp"

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

#include "gateway/listen_socket.hpp"
#include "support/scratch.hpp"

namespace cmdsrv::gateway {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

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

TEST_F(HttpServerTest, WholeRequestsReachTheHandler) {
  Start();
  EXPECT_THAT(Ask(Get("/a?b=c&d")), HasSubstr("[GET /a 127.0.0.1 ]"));
  EXPECT_THAT(Ask(Get("/%2e%2e%2f%00%zz")), HasSubstr("[GET /%2e%2e%2f%00%zz 127.0.0.1 ]")) << "nothing is decoded";
  EXPECT_THAT(Ask(Post("/p", "x=1")), HasSubstr("[POST /p 127.0.0.1 x=1]"));
  const std::string reply = Ask(Get("/"));
  EXPECT_THAT(reply, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(reply, HasSubstr("Cache-Control: no-store\r\n"));
  EXPECT_THAT(reply, HasSubstr("X-Content-Type-Options: nosniff\r\n"));
  EXPECT_THAT(reply, Not(HasSubstr("Access-Control")));
}

TEST_F(HttpServerTest, OnlyATrustedProxySaysWhoTheClientIs) {
  Start();
  EXPECT_THAT(Ask(Get("/a", "X-Real-IP: 9.9.9.9\r\n")), HasSubstr("[GET /a 127.0.0.1 ]"));
}

TEST_F(HttpServerTest, TheProxySaysWhoTheClientIs) {
  Start({}, true);
  EXPECT_THAT(Ask(Get("/a", "X-Real-IP: 9.9.9.9\r\n")), HasSubstr("[GET /a 9.9.9.9 ]"));
  EXPECT_THAT(Ask(Get("/a", "X-Real-IP: " + std::string(3000, 'x') + "\r\n")), HasSubstr("xxxxxx ]"));
}

TEST_F(HttpServerTest, ShapesThatTwoServersReadDifferentlyEndTheConnection) {
  Start();
  const std::string smuggled = Get("/smuggled");
  const std::string requests[] = {
      "POST /x HTTP/1.1\r\nHost: b\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n",
      "POST /x HTTP/1.1\r\nHost: b\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
      "POST /x HTTP/1.1\r\nHost: b\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "POST /x HTTP/1.1\r\nHost: b\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "POST /x HTTP/1.1\r\nHost: b\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
      "POST /x HTTP/1.1\r\nHost: b\r\nContent-Length: -1\r\n\r\n",
      "POST /x HTTP/1.1\r\nHost: b\r\nContent-Length: +5\r\n\r\nhello",
      "POST /x HTTP/1.1\r\nHost: b\r\nContent-Length: 5 5\r\n\r\nhello",
      "POST /x HTTP/1.1\r\nHost: b\r\nContent-Length: 0x5\r\n\r\nhello",
      "POST /x HTTP/1.1\r\nHost: b\r\nContent-Length: 99999999999999999999\r\n\r\n",
      "POST /x HTTP/1.1\r\nHost: b\r\nContent-Length : 5\r\n\r\nhello",
      "POST /x HTTP/1.1\r\nHost: b\r\n Content-Length: 5\r\n\r\nhello",
      "GET /x HTTP/1.1\r\n\r\n",
      "GET /x y HTTP/1.1\r\nHost: b\r\n\r\n",
      "POST /x HTTP/1.1\r\nHost: b\r\nX: y\rContent-Length: 5\r\n\r\nhello",
      "GET /x HTTP/1.1\r\nHost: b\r\nX: a\x01\r\n\r\n",
      // A bare LF ends a line, as in nginx: what follows it counts.
      "POST /x HTTP/1.1\nHost: b\nContent-Length: 5\nTransfer-Encoding: chunked\r\n\r\nhello",
      "POST /x HTTP/1.1\r\nHost: b\r\nX: y\nContent-Length: 5\r\nContent-Length: 0\r\n\r\nhello",
  };
  for (const std::string& request : requests) {
    RawClient client(port);
    client.Send(request + smuggled);
    const std::string reply = client.ReadAll();
    EXPECT_THAT(reply, Not(HasSubstr("smuggled"))) << request;
    EXPECT_THAT(reply, Not(HasSubstr("200 OK"))) << request;
    EXPECT_THAT(reply, Not(HasSubstr("(timeout)"))) << request;
  }
  EXPECT_EQ(handled, 0);
}

TEST_F(HttpServerTest, PipelinedRequestsAreAnsweredInTheirOrder) {
  Start();
  RawClient client(port);
  client.Send(Get("/1") + Post("/2", "two") + Get("/3", "Connection: close\r\n"));
  const std::string reply = client.ReadAll();
  EXPECT_LT(reply.find("[GET /1"), reply.find("[POST /2 127.0.0.1 two]"));
  EXPECT_LT(reply.find("[POST /2"), reply.find("[GET /3"));
  EXPECT_EQ(handled, 3);
}

TEST_F(HttpServerTest, BodiesAndHeadersHaveLimits) {
  Start({.large_path = "/large", .large_bytes = 2'000'000});
  EXPECT_THAT(Ask(Post("/p", std::string(1U << 20U, 'x'))), StartsWith("HTTP/1.1 200"));
  RawClient big(port);
  big.Send("POST /p HTTP/1.1\r\nHost: b\r\nContent-Length: 1048577\r\n\r\n");
  EXPECT_THAT(big.ReadAll(), StartsWith("HTTP/1.1 413"));
  RawClient larger(port);
  larger.Send("POST /large HTTP/1.1\r\nHost: b\r\nContent-Length: 2000001\r\n\r\n");
  EXPECT_THAT(larger.ReadAll(), StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(Ask(Post("/large", std::string(2'000'000, 'x'))), StartsWith("HTTP/1.1 200"));
  RawClient header(port);
  header.Send(Get("/", "X-IIAB-Nonce: " + std::string(4097, 'x') + "\r\n"));
  EXPECT_THAT(header.ReadAll(), StartsWith("HTTP/1.1 431"));
  std::string flood;
  for (int i = 0; i < 20'000; ++i) flood += fmt::format("X-{}: y\r\n", i);
  RawClient many(port);
  many.Send(Get("/flood", flood));
  EXPECT_THAT(many.ReadAll(), Not(HasSubstr("200 OK")));
  RawClient line(port);
  line.Send(Get("/" + std::string(200'000, 'x')));
  EXPECT_THAT(line.ReadAll(), Not(HasSubstr("200 OK")));
}

TEST_F(HttpServerTest, SlowClientsLoseTheirConnection) {
  Start({.for_headers = milliseconds(200), .for_body = milliseconds(200)});
  RawClient silent(port), half(port), trickle(port);
  half.Send("POST /p HTTP/1.1\r\nHost: b\r\nContent-Length: 10\r\n\r\nabc");
  // A byte now and then keeps many servers busy for ever.
  trickle.Send("GET /p HTTP/1.1\r\nHost: b");
  EXPECT_TRUE(test::Eventually([&] { return trickle.SendAndLook("b"); }));
  for (RawClient* client : {&silent, &half}) EXPECT_THAT(client->ReadAll(), Not(HasSubstr("200 OK")));
  EXPECT_EQ(handled, 0);
  EXPECT_THAT(Ask(Get("/well")), HasSubstr("[GET /well"));
}

TEST_F(HttpServerTest, WaitingRequestsHoldUpNobody) {
  Start({.for_headers = milliseconds(300), .for_body = milliseconds(300)});
  std::vector<std::unique_ptr<RawClient>> waiting;
  for (int i = 0; i < 40; ++i) {
    waiting.push_back(std::make_unique<RawClient>(port));
    waiting.back()->Send(Post("/later", "x"));
  }
  ASSERT_TRUE(test::Eventually([&] { return handled == 40; }));
  EXPECT_THAT(Ask(Get("/quick")), HasSubstr("[GET /quick"));
  RawClient silent(port);
  silent.ReadAll();  // its deadline has passed, and none counts for those who wait for us
  Release();
  for (const auto& client : waiting) EXPECT_THAT(client->ReadUntil("]"), HasSubstr("[released]"));
}

TEST_F(HttpServerTest, MoreRequestsThanAllowedAreTurnedAway) {
  Start({.requests = 4});
  std::vector<std::unique_ptr<RawClient>> waiting;
  for (int i = 0; i < 4; ++i) {
    waiting.push_back(std::make_unique<RawClient>(port));
    waiting.back()->Send(Post("/later", "x"));
  }
  ASSERT_TRUE(test::Eventually([&] { return handled == 4; }));
  RawClient fifth(port);
  fifth.Send(Post("/later", "x"));
  EXPECT_THAT(fifth.ReadUntil("Unavailable\n"), StartsWith("HTTP/1.1 503"));
  EXPECT_THAT(Ask(Get("/key")), HasSubstr("[GET /key")) << "what takes no time is always there";
  Release();
  for (const auto& client : waiting) client->ReadUntil("]");
  EXPECT_THAT(Ask(Post("/p", "x")), HasSubstr("[POST /p"));
}

TEST_F(HttpServerTest, AClientThatGoesAwayWhileItWaits) {
  Start();
  {
    RawClient client(port);
    client.Send(Post("/later", "x"));
    ASSERT_TRUE(test::Eventually([&] { return handled == 1; }));
  }
  Release();
  EXPECT_THAT(Ask(Get("/a")), HasSubstr("[GET /a"));
}

TEST_F(HttpServerTest, FinishesWhatItHasBegunAndTakesNoMore) {
  Start();
  RawClient client(port);
  client.Send(Post("/later", "x"));
  ASSERT_TRUE(test::Eventually([&] { return handled == 1; }));
  loop->Post([this] { server->Finish(seconds(20), [this] { loop->Stop(); }); });
  ASSERT_TRUE(test::Eventually([&] { return !RawClient(port).Connected(); }));
  Release();
  EXPECT_THAT(client.ReadUntil("]"), HasSubstr("[released]"));
  thread.join();
}

TEST_F(HttpServerTest, EndsWithRequestsThatWereNeverAnswered) {
  Start();
  RawClient client(port);
  client.Send(Post("/later", "x"));
  ASSERT_TRUE(test::Eventually([&] { return handled == 1; }));
  loop->Post([this] { server->Finish(milliseconds(20), [this] { loop->Stop(); }); });
  thread.join();
  server.reset();
  EXPECT_EQ(client.ReadAll(), "");
}

TEST_F(HttpServerTest, AStreamSaysWhatItHasWhenItHasIt) {
  Start({.for_headers = milliseconds(300), .for_body = milliseconds(300), .for_reply = milliseconds(300)});
  RawClient client(port), old(port);
  client.Send(Get("/stream"));
  old.Send("GET /stream HTTP/1.0\r\n\r\n");
  EXPECT_THAT(client.ReadUntil("\r\n\r\n"), HasSubstr("Content-Type: text/event-stream\r\n")) << "before any piece";
  EXPECT_THAT(old.ReadUntil("\r\n\r\n"), StartsWith("HTTP/1."));
  RawClient silent(port);
  silent.ReadAll();  // its deadline has passed, and none counts for a stream that rests
  Say("first]");
  EXPECT_THAT(client.ReadUntil("]"), HasSubstr("first]"));
  EXPECT_THAT(old.ReadUntil("]"), HasSubstr("first]"));
  Say(std::string(200'000, 'x') + "]");
  EXPECT_GE(client.ReadUntil("]").size(), 200'000U);
  EXPECT_GE(old.ReadUntil("]").size(), 200'000U);
  EXPECT_EQ(Living(), 2U);
  loop->Post([this] {
    for (const auto& weak : streams) weak.lock()->End();
  });
  EXPECT_THAT(client.ReadUntil("0\r\n\r\n"), testing::EndsWith("0\r\n\r\n"));
  old.ReadAll();
  EXPECT_TRUE(test::Eventually([&] { return Living() == 0; }));
  client.Send(Get("/again"));
  EXPECT_THAT(client.ReadUntil("]"), HasSubstr("[GET /again")) << "the connection can be used on";
}

TEST_F(HttpServerTest, ARequestMayEndAStream) {
  Start();
  RawClient client(port);
  client.Send(Get("/stream"));
  client.ReadUntil("\r\n\r\n");
  Say("a]");
  client.ReadUntil("]");
  RawClient other(port);  // stays connected: its end would wake the server
  other.Send(Post("/end", "x"));
  EXPECT_THAT(other.ReadUntil("]"), HasSubstr("[POST /end"));
  EXPECT_THAT(client.ReadUntil("0\r\n\r\n"), testing::EndsWith("0\r\n\r\n"));
}

TEST_F(HttpServerTest, AStreamThatNobodyTakesIsGivenUp) {
  Start({.for_reply = milliseconds(300)});
  RawClient deaf(port), gone(port);
  deaf.Send(Get("/stream"));
  {
    RawClient left(port);
    left.Send(Get("/stream"));
    ASSERT_TRUE(test::Eventually([&] { return handled == 2; }));
  }
  ASSERT_EQ(Living(), 2U);
  Say(std::string(30'000'000, 'x'));  // more than the kernel keeps
  EXPECT_TRUE(test::Eventually([&] { return Living() == 0; }, seconds(30)));
  EXPECT_THAT(Ask(Get("/a")), HasSubstr("[GET /a"));
}

TEST_F(HttpServerTest, StreamsEndWithTheServer) {
  Start();
  RawClient client(port);
  client.Send(Get("/stream"));
  client.ReadUntil("\r\n\r\n");
  loop->Post([this] { server->Finish(seconds(20), [this] { loop->Stop(); }); });
  EXPECT_THAT(client.ReadUntil("0\r\n\r\n"), testing::EndsWith("0\r\n\r\n"));
  thread.join();
}

TEST_F(HttpServerTest, ManyStreamsLeaveRoomForOthers) {
  Start({.connections = 20, .streams = 60});
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 60; ++i) {
    clients.push_back(std::make_unique<RawClient>(port));
    clients.back()->Send(Get("/stream"));
    clients.back()->ReadUntil("\r\n\r\n");
  }
  EXPECT_THAT(Ask(Get("/a")), HasSubstr("[GET /a"));
  Say("news]");
  for (const auto& client : clients) EXPECT_THAT(client->ReadUntil("]"), HasSubstr("news]"));
  EXPECT_EQ(Living(), 60U);
}

TEST_F(HttpServerTest, HostHeaders) {
  Start();
  for (const char* hosts : {"Host: a\r\nHost: a\r\n", "Host: a\r\nhost: b\r\n", "Host: a b\r\n", "Host: a/b\r\n",
                            "Host: user@a\r\n", "Host: \r\n", "Host: a\xc3\xa4\r\n"}) {
    RawClient client(port);
    client.Send(fmt::format("GET /x HTTP/1.1\r\n{}\r\n", hosts));
    EXPECT_THAT(client.ReadAll(), StartsWith("HTTP/1.1 400")) << hosts;
  }
  EXPECT_EQ(handled, 0);
  EXPECT_THAT(Ask("GET /x HTTP/1.1\r\nHost: [fe80::1]:8080\r\n\r\n"), HasSubstr("[GET /x"));
}

TEST_F(HttpServerTest, NoAnswerIsAPageOrMayBeFramed) {
  Start();
  for (const std::string& reply : {Ask(Get("/a")), Ask("GET /a HTTP/1.1\r\nHost: a/b]\r\n\r\n]")}) {
    EXPECT_THAT(reply, HasSubstr("Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"));
    EXPECT_THAT(reply, HasSubstr("X-Frame-Options: DENY\r\n"));
  }
}

TEST(ListenSocket, LoopbackOrAPathOnly) {
  for (const char* where : {"", "8008", "0.0.0.0:8008", "192.168.1.1:80", "localhost:80",
                            "127.0.0.1:", "127.0.0.1:99999", "127.0.0.1:x", "unix:", "127.0.0.1"}) {
    EXPECT_EQ(Listen(where).error().code, ErrorCode::Malformed) << where;
  }
  EXPECT_EQ(Listen("unix:/" + std::string(120, 'x')).error().code, ErrorCode::Malformed);
}

TEST(ListenSocket, ReplacesWhatADeadServerLeft) {
  test::ScratchDirectory directory;
  const std::string path = directory / "run/gateway.sock";
  const auto first = Listen("unix:" + path);
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(Listen("unix:" + path).error().code, ErrorCode::Busy);
  ::close(first->fd);
  const auto second = Listen("unix:" + path);
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(std::filesystem::status(path).permissions(), std::filesystem::perms(0660));
  ::close(second->fd);
  test::Spit(directory / "file", "x");
  EXPECT_EQ(Listen("unix:" + (directory / "file")).error().code, ErrorCode::Busy) << "nothing but sockets is removed";
}

}  // namespace
}  // namespace cmdsrv::gateway
