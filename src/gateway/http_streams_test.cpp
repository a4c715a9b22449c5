// Bodies that come in pieces, for as long as the client listens.
#include "gateway/http_fixture.hpp"
#include "support/scratch.hpp"

namespace cmdsrv::gateway {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::StartsWith;

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

}  // namespace
}  // namespace cmdsrv::gateway
