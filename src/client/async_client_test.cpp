#include "client/async_client.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <zmq.hpp>

#include "support/limits.hpp"
#include "support/scratch.hpp"

namespace cmdsrv {
namespace {

using namespace std::chrono_literals;

/// A ROUTER in a thread; what it does with all that it has received so far is the test's.
class Server {
 public:
  using Asked = std::vector<std::pair<std::string, std::string>>;  // identity, text
  using Act = std::function<Asked(Asked)>;  // returns what is to be answered, with "re: " before the text

  Server(const std::string& path, Act act) : act_(std::move(act)), router_(context_, zmq::socket_type::router) {
    router_.set(zmq::sockopt::linger, 0);
    router_.set(zmq::sockopt::rcvtimeo, 20);
    router_.bind("ipc://" + path);
    thread_ = std::thread([this] { Run(); });
  }
  ~Server() {
    ending_ = true;
    thread_.join();
    router_.close();
  }

  std::set<std::string> Identities() {
    const std::lock_guard lock(mutex_);
    return identities_;
  }

 private:
  void Run() {
    while (!ending_) {
      zmq::message_t identity, text;
      Asked fresh;
      if (router_.recv(identity) && router_.recv(text)) {
        fresh.emplace_back(identity.to_string(), text.to_string());
        const std::lock_guard lock(mutex_);
        identities_.insert(identity.to_string());
      }
      for (const auto& [to, what] : act_(std::move(fresh))) {
        router_.send(zmq::buffer(to), zmq::send_flags::sndmore);
        router_.send(zmq::buffer("re: " + what), zmq::send_flags::none);
      }
    }
  }

  Act act_;
  zmq::context_t context_;
  zmq::socket_t router_;
  std::mutex mutex_;
  std::set<std::string> identities_;
  std::atomic<bool> ending_ = false;
  std::thread thread_;
};

class AsyncClientTest : public testing::Test {
 protected:
  void Ask(const std::string& text, std::chrono::milliseconds deadline = 20s) {
    client->Ask(Secret(text), deadline, [this, text](Result<std::string> reply) {
      const std::lock_guard lock(mutex);
      replies.emplace(text, std::move(reply));
      news.notify_all();
    });
  }
  bool WaitFor(std::size_t count) {
    std::unique_lock lock(mutex);
    return news.wait_for(lock, 20s, [&] { return replies.size() >= count; });
  }

  test::ScratchDirectory directory;
  std::string path = directory / "socket";
  std::mutex mutex;
  std::condition_variable news;
  std::multimap<std::string, Result<std::string>> replies;
  std::unique_ptr<AsyncClient> client = std::make_unique<AsyncClient>(path);
};

TEST_F(AsyncClientTest, ManyAtOnceEachGetsItsOwnReply) {
  Server::Asked kept;
  Server server(path, [&](Server::Asked fresh) {
    std::ranges::move(fresh, std::back_inserter(kept));
    if (kept.size() < 60) return Server::Asked();
    std::ranges::reverse(kept);
    return std::exchange(kept, {});
  });
  for (int i = 0; i < 60; ++i) Ask(std::to_string(i));
  ASSERT_TRUE(WaitFor(60));
  for (const auto& [text, reply] : replies) EXPECT_EQ(reply, "re: " + text);
}

TEST_F(AsyncClientTest, UsesAConnectionAgain) {
  Server server(path, [](Server::Asked fresh) { return fresh; });
  for (std::size_t i = 0; i < 30; ++i) {
    Ask(std::to_string(i));
    ASSERT_TRUE(WaitFor(i + 1));
  }
  EXPECT_EQ(server.Identities().size(), 1U);
}

TEST_F(AsyncClientTest, ALateReplyIsNotTakenForTheNext) {
  Server::Asked slow;
  Server server(path, [&](Server::Asked fresh) {
    if (fresh.empty()) return fresh;
    if (fresh[0].second == "slow") {
      slow = std::move(fresh);
      return Server::Asked();
    }
    Server::Asked answers = std::exchange(slow, {});
    answers.push_back(fresh[0]);
    return answers;
  });
  Ask("slow", 30ms);
  ASSERT_TRUE(WaitFor(1));
  EXPECT_EQ(replies.find("slow")->second.error().message, "the Command Server did not answer in time");
  Ask("quick");
  ASSERT_TRUE(WaitFor(2));
  EXPECT_EQ(replies.find("quick")->second, "re: quick");
}

TEST_F(AsyncClientTest, NobodyThereAndBackAgain) {
  Ask("first");
  ASSERT_TRUE(WaitFor(1));
  EXPECT_EQ(replies.find("first")->second.error().code, ErrorCode::Unavailable);
  for (int round = 0; round < 3; ++round) {
    Server server(path, [](Server::Asked fresh) { return fresh; });
    // What is sent before the end of the former server was noticed goes down with it, and says so.
    bool answered = false;
    for (int attempt = 0; attempt < 1000 && !answered; ++attempt) {
      const std::string text = "round " + std::to_string(round) + "." + std::to_string(attempt);
      const std::size_t replies_before = replies.size();
      Ask(text);
      ASSERT_TRUE(WaitFor(replies_before + 1));
      const Result<std::string>& reply = replies.find(text)->second;
      answered = reply.has_value();
      if (answered)
        EXPECT_EQ(reply, "re: " + text);
      else
        ASSERT_EQ(reply.error().code, ErrorCode::Unavailable);
    }
    EXPECT_TRUE(answered);
  }
}

TEST_F(AsyncClientTest, AServerThatDiesIsNotWaitedFor) {
  std::atomic<bool> asked = false;
  auto server = std::make_optional<Server>(path, [&](const Server::Asked& fresh) {
    if (!fresh.empty()) asked = true;
    return Server::Asked();
  });
  Ask("x", 600s);
  ASSERT_TRUE(test::Eventually([&] { return asked.load(); }));
  server.reset();
  ASSERT_TRUE(WaitFor(1));
  EXPECT_EQ(replies.find("x")->second.error().message,
            "the Command Server at " + path + " went away before it answered");
}

TEST_F(AsyncClientTest, WithoutDescriptorsEachQuestionSaysSo) {
  {
    const test::FewDescriptors none(0);
    client = std::make_unique<AsyncClient>(path);
  }
  Ask("x");
  ASSERT_TRUE(WaitFor(1));
  EXPECT_EQ(replies.find("x")->second.error().message,
            "there are no file descriptors left to ask the Command Server; raise LimitNOFILE of the unit");
}

TEST_F(AsyncClientTest, EndsAtOnceWithOpenRequests) {
  Server server(path, [](const Server::Asked&) { return Server::Asked(); });
  for (int i = 0; i < 5; ++i) Ask(std::to_string(i), 600s);
  client.reset();
  EXPECT_TRUE(replies.empty());
}

}  // namespace
}  // namespace cmdsrv
