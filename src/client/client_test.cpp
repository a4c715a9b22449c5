#include "client/client.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <functional>
#include <optional>
#include <thread>
#include <zmq.hpp>

namespace cmdsrv {
namespace {

using namespace std::chrono_literals;

class ClientTest : public testing::Test {
 protected:
  ClientTest() {
    char name[] = "/tmp/client-test-XXXXXX";
    directory_ = ::mkdtemp(name);
    path_ = directory_ + "/socket";
  }
  ~ClientTest() override {
    if (server_.joinable()) server_.join();
    std::filesystem::remove_all(directory_);
  }

  using Body = std::function<void(zmq::socket_t&)>;
  /// A ROUTER that does what `body` says and goes away.
  void Serve(Body body) {
    router_.emplace(context_, zmq::socket_type::router);
    router_->set(zmq::sockopt::linger, 1000);
    router_->set(zmq::sockopt::rcvtimeo, 10'000);
    router_->bind("ipc://" + path_);
    server_ = std::thread([this, body = std::move(body)] {
      body(*router_);
      router_->close();
    });
  }

  struct Question {
    zmq::message_t identity, text;
  };
  static Question Receive(zmq::socket_t& router) {
    Question question;
    (void)router.recv(question.identity);
    (void)router.recv(question.text);
    return question;
  }
  static void Reply(zmq::socket_t& router, Question& question, std::string_view text) {
    zmq::message_t identity;
    identity.copy(question.identity);
    router.send(identity, zmq::send_flags::sndmore);
    router.send(zmq::buffer(text), zmq::send_flags::none);
  }

  std::string directory_;
  std::string path_;
  zmq::context_t context_;
  std::optional<zmq::socket_t> router_;
  std::thread server_;
};

TEST_F(ClientTest, AsksAndHears) {
  Serve([](zmq::socket_t& router) {
    for (int i = 0; i < 3; ++i) {
      auto question = Receive(router);
      Reply(router, question, "you said " + question.text.to_string());
    }
  });
  auto client = Client::Connect(path_);
  ASSERT_TRUE(client) << client.error().message;
  for (const char* text : {"TEST", "", "TEST {\"a\": \"é\"}"}) {
    const auto reply = client->Ask(text, 10s);
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(*reply, std::string("you said ") + text);
  }
}

TEST_F(ClientTest, LateRepliesAreWaitedForOrForgotten) {
  Serve([](zmq::socket_t& router) {
    // The client gives up the first, which may not even be sent by then, and asks on a new connection.
    auto first = Receive(router);
    const bool came = first.text.to_string_view() == "one";
    auto second = came ? Receive(router) : std::move(first);
    if (came) Reply(router, first, "late");
    Reply(router, second, "second");
    auto patient = Receive(router);
    auto signal = Receive(router);
    Reply(router, patient, "third");
    Reply(router, signal, "done");
  });
  auto client = Client::Connect(path_);
  auto other = Client::Connect(path_);
  ASSERT_TRUE(client && other);
  // Long enough for the question to arrive: what has not left when the connection ends is dropped with it.
  EXPECT_EQ(client->Ask("one", 500ms).error().code, ErrorCode::Timeout);
  EXPECT_EQ(client->Ask("two", 10s).value(), "second");
  EXPECT_EQ(client->WaitOn(1ms).error().message, "nothing was asked of " + path_);

  EXPECT_EQ(client->Ask("three", 1ms).error().code, ErrorCode::Timeout);
  EXPECT_EQ(client->WaitOn(1ms).error().message, "the Command Server did not answer within 1 ms");
  EXPECT_EQ(other->Ask("go on", 10s).value(), "done");
  EXPECT_EQ(client->WaitOn(10s).value(), "third");
}

TEST_F(ClientTest, NobodyListens) {
  const auto missing = Client::Connect(path_);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::Unavailable);
  EXPECT_EQ(missing.error().message, "cannot reach the Command Server at " + path_ + ": no such file or directory");

  // A socket file that a killed server left behind.
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, path_.c_str());
  ASSERT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ::close(fd);
  const auto stale = Client::Connect(path_);
  ASSERT_FALSE(stale);
  EXPECT_EQ(stale.error().code, ErrorCode::Unavailable);
  EXPECT_EQ(stale.error().message, "cannot reach the Command Server at " + path_ + ": connection refused");
}

TEST_F(ClientTest, ServerThatGoesAwayIsNoticedAtOnce) {
  Serve([](zmq::socket_t& router) { (void)Receive(router); });
  auto client = Client::Connect(path_);
  ASSERT_TRUE(client);
  const auto before = std::chrono::steady_clock::now();
  const auto reply = client->Ask("TEST", 60s);
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().message, "the Command Server at " + path_ + " went away before it answered");
  EXPECT_LT(std::chrono::steady_clock::now() - before, 30s);
  EXPECT_EQ(client->Ask("TEST", 60s).error().code, ErrorCode::Unavailable);
}

TEST_F(ClientTest, ServerThatCutsOffALongCommandIsExplained) {
  Serve([](zmq::socket_t& router) { (void)Receive(router); });
  auto client = Client::Connect(path_);
  ASSERT_TRUE(client);
  const auto reply = client->Ask(std::string(5U << 20U, 'A'), 60s);
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, ErrorCode::Unavailable);
  EXPECT_EQ(reply.error().message,
            fmt::format("the Command Server at {} closed the connection: the Command has 5242880 "
                        "bytes, and it takes at most 1048576, unless max_command_bytes says more",
                        path_));
}

TEST_F(ClientTest, LastWordsOfAServerAreHeard) {
  Serve([](zmq::socket_t& router) {
    auto question = Receive(router);
    Reply(router, question, "Stopping");
  });
  auto client = Client::Connect(path_);
  ASSERT_TRUE(client);
  EXPECT_EQ(client->Ask("STOP", 10s).value(), "Stopping");
}

TEST_F(ClientTest, RepliesOfSeveralFramesAreDropped) {
  Serve([](zmq::socket_t& router) {
    auto question = Receive(router);
    zmq::message_t identity;
    identity.copy(question.identity);
    router.send(identity, zmq::send_flags::sndmore);
    router.send(zmq::str_buffer("odd"), zmq::send_flags::sndmore);
    router.send(zmq::str_buffer("frames"), zmq::send_flags::none);
    Reply(router, question, "right");
  });
  auto client = Client::Connect(path_);
  ASSERT_TRUE(client);
  EXPECT_EQ(client->Ask("TEST", 10s).value(), "right");
}

TEST_F(ClientTest, PathMustFitIntoAnAddress) {
  const std::string longest = "/tmp/" + std::string(kLongestSocketPath - 5, 'x');
  EXPECT_EQ(Client::Connect(longest).error().code, ErrorCode::Unavailable);
  const auto longer = Client::Connect(longest + "x");
  ASSERT_FALSE(longer);
  EXPECT_EQ(longer.error().code, ErrorCode::Malformed);
  EXPECT_EQ(longer.error().message,
            fmt::format("the path of the socket has 108 bytes, but 1 to 107 are possible: \"{}x\"", longest));
  EXPECT_EQ(Client::Connect("").error().code, ErrorCode::Malformed);
}

TEST_F(ClientTest, MovedClientsGoOn) {
  Serve([](zmq::socket_t& router) {
    auto question = Receive(router);
    Reply(router, question, "yes");
  });
  auto client = Client::Connect(path_);
  ASSERT_TRUE(client);
  Client moved = std::move(*client);
  EXPECT_EQ(moved.Ask("TEST", 10s).value(), "yes");
}

}  // namespace
}  // namespace cmdsrv
