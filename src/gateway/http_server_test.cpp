// The HTTP layer over real sockets: what a client may do to it, and what the handler gets to see of that.
#include "gateway/http_fixture.hpp"
#include "support/limits.hpp"
#include "support/scratch.hpp"

namespace cmdsrv::gateway {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

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

/// RFC 9112 2.2 lets a server do so, and nginx in front does the same.
TEST_F(HttpServerTest, ABareLineFeedEndsALine) {
  Start();
  RawClient client(port);
  client.Send("POST /1 HTTP/1.1\nHost: b\nContent-Length: 3\n\none" + Get("/2", "Connection: close\r\n"));
  const std::string reply = client.ReadAll();
  EXPECT_LT(reply.find("[POST /1 127.0.0.1 one]"), reply.find("[GET /2"));
  EXPECT_EQ(handled, 2);
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

TEST(HttpServerStart, NeedsDescriptors) {
  const auto loop = Loop::Make().value();
  const auto listening = Listen("127.0.0.1:0").value();
  const test::FewDescriptors none(0);
  const auto server = HttpServer::Start(*loop, listening.fd, false, [](const HttpRequest&, const Reply&) {});
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error().message, "cannot start the HTTP server");
}

TEST(ListenSocket, LoopbackOrAPathOnly) {
  for (const char* where : {"", "8008", "0.0.0.0:8008", "192.168.1.1:80", "localhost:80",
                            "127.0.0.1:", "127.0.0.1:99999", "127.0.0.1:x", "unix:", "127.0.0.1"}) {
    EXPECT_EQ(Listen(where).error().code, ErrorCode::Malformed) << where;
  }
  const std::string too_long = "/" + std::string(120, 'x');
  EXPECT_EQ(Listen("unix:" + too_long).error().message,
            fmt::format("cannot listen at {}: a socket's path has 1 to 107 bytes", too_long));
  EXPECT_EQ(Listen("8008").error().message, "cannot listen at 8008: it is neither 127.0.0.1:PORT nor unix:PATH");
  EXPECT_EQ(Listen("192.168.1.1:80").error().message,
            "cannot listen at 192.168.1.1:80: only loopback; put nginx in front");
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
  EXPECT_EQ(Listen("unix:" + (directory / "file")).error().message,
            fmt::format("cannot listen at {}: it is there, and no socket", directory / "file"));
}

}  // namespace
}  // namespace cmdsrv::gateway
