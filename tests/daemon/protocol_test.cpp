// The real daemon at its socket: every kind of frame, every kind of client, and none of them ends or holds up the
// server.
#include <gmock/gmock.h>
#include <sys/resource.h>

#include <fstream>
#include <random>
#include <thread>
#include <zmq.hpp>

#include "daemon/raw_client.hpp"
#include "support/ask.hpp"
#include "support/files.hpp"
#include "support/limits.hpp"
#include "support/test_box.hpp"

namespace cmdsrv::test {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kTestReply = R"({"TEST":["outcome : success",""]})";
constexpr const char* kMalformed = R"({"Error": "Malformed Command ."})";
constexpr const char* kUnknown = R"({"Error": "Unknown Command"})";

class Protocol : public testing::Test {
 protected:
  std::string Told(std::string_view command) {
    return AskText(box.Socket(), command, seconds(20)).value_or("(no reply)");
  }
  void ExpectAlive() { EXPECT_EQ(Told("TEST"), kTestReply); }

  /// Resident memory of the daemon in KiB, from /proc.
  long MemoryOfDaemon() const {
    std::ifstream status(fmt::format("/proc/{}/status", daemon.Pid()));
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("VmRSS:")) return std::stol(line.substr(6));
    }
    return -1;
  }

  TestBox box;
  Daemon daemon = box.StartDaemon();
};

TEST_F(Protocol, RequestsOfReqClients) {
  zmq::context_t context;
  zmq::socket_t client(context, zmq::socket_type::req);
  client.set(zmq::sockopt::rcvtimeo, 20'000);
  client.set(zmq::sockopt::linger, 0);
  client.connect("ipc://" + box.Socket());
  for (const auto& [command, expected] : {std::pair{"TEST"s, kTestReply}, {""s, kUnknown}, {"TEST {}"s, kTestReply}}) {
    client.send(zmq::buffer(command), zmq::send_flags::none);
    zmq::message_t reply;
    ASSERT_TRUE(client.recv(reply)) << command;
    EXPECT_FALSE(reply.more());
    EXPECT_EQ(reply.to_string(), expected) << command;
  }
}

TEST_F(Protocol, EveryNumberOfFrames) {
  auto client = RawClient::Connect(box.Socket());
  ASSERT_TRUE(client);
  const struct {
    std::vector<std::string> frames, expected;
  } rows[] = {
      {{"TEST"}, {kTestReply}},
      {{""}, {kUnknown}},
      {{"", "TEST"}, {"", kTestReply}},
      {{"", ""}, {"", kUnknown}},
      {{"TEST", "x"}, {kMalformed}},
      {{"", "TEST", "x"}, {"", kMalformed}},
      {{"1", "2", "3", "4", "5"}, {kMalformed}},
      {{"", "", "", "", "", "", "", ""}, {"", kMalformed}},
      {{"TEST\xff"}, {kMalformed}},
      {{"", "\xc3\x28"}, {"", kMalformed}},
      {{"TEST\0"s}, {kMalformed}},
      {{" TEST"}, {kMalformed}},
      {{"TEST\n{}"}, {kUnknown}},
      {{"test"}, {kUnknown}},
      {{"TEST 5"}, {R"({"Error": "Malformed Command TEST."})"}},
      {{"TEST  {} "}, {kTestReply}},
  };
  for (const auto& row : rows) {
    ASSERT_TRUE(client->Send(row.frames));
    EXPECT_EQ(client->Receive(), row.expected) << testing::PrintToString(row.frames);
  }
}

TEST_F(Protocol, LongestCommandIsOneMebibyte) {
  const auto command = [](std::size_t bytes) { return "TEST {\"x\":\"" + std::string(bytes - 13, 'x') + "\"}"; };
  EXPECT_EQ(Told(command(1U << 20U)), kTestReply);
  EXPECT_EQ(Told(command((1U << 20U) + 1)), kMalformed);
  EXPECT_EQ(Told(command(3U << 20U)), kMalformed);
  EXPECT_TRUE(daemon.Prints("1048577 bytes")) << daemon.Printed();
  EXPECT_LT(daemon.Printed().size(), 10'000U) << "nothing of it is logged but the length";
}

TEST_F(Protocol, OversizeSendersAreCutOff) {
  auto client = RawClient::Connect(box.Socket());
  ASSERT_TRUE(client);
  (void)client->Send({"TEST {\"x\":\"" + std::string(8U << 20U, 'x') + "\"}"});
  EXPECT_TRUE(client->IsClosed());
  ExpectAlive();
}

TEST_F(Protocol, NoiseEndsNothing) {
  std::mt19937 random(1);
  std::string noise(5000, '\0');
  for (int i = 0; i < 100; ++i) {
    auto client = i % 2 == 0 ? RawClient::ConnectSilently(box.Socket()) : RawClient::Connect(box.Socket());
    ASSERT_TRUE(client) << i;
    for (char& byte : noise) byte = static_cast<char>(random());
    if (i % 4 == 1) noise[0] = static_cast<char>(random() % 8);  // flags that mean something
    (void)client->SendBytes(std::string_view(noise).substr(0, 1 + random() % noise.size()));
  }
  ExpectAlive();
}

TEST_F(Protocol, TenThousandClients) {
  constexpr std::size_t kClients = 10'000;
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  ASSERT_GT(limit.rlim_cur, kClients + 1000) << "this test needs more descriptors: ulimit -Hn";

  std::vector<RawClient> clients;
  clients.reserve(kClients);
  while (clients.size() < kClients) {
    auto client = RawClient::Connect(box.Socket());
    ASSERT_TRUE(client) << "after " << clients.size();
    clients.push_back(std::move(*client));
  }
  ExpectAlive();
  // 200 at a time, because at most 256 may wait.
  for (std::size_t first = 0; first < kClients; first += 200) {
    for (std::size_t i = first; i < first + 200; ++i) ASSERT_TRUE(clients[i].Send({"TEST"}));
    for (std::size_t i = first; i < first + 200; ++i) ASSERT_THAT(clients[i].Receive(), ElementsAre(kTestReply)) << i;
  }
  RecordProperty("daemon_KiB_with_10000_clients", std::to_string(MemoryOfDaemon()));
}

TEST_F(Protocol, MoreRequestsThanTheQueueHoldsGetOneReplyEach) {
  constexpr int kRequests = 5000;
  auto client = RawClient::Connect(box.Socket());
  ASSERT_TRUE(client);
  std::thread sender([&] {
    for (int i = 0; i < kRequests; ++i) client->Send({"TEST"});
  });
  int done = 0;
  int busy = 0;
  for (int i = 0; i < kRequests; ++i) {
    const auto reply = client->Receive();
    if (reply.size() != 1) break;
    done += reply[0] == kTestReply ? 1 : 0;
    busy += reply[0] == R"({"Error": "Command Server is too busy. TEST."})" ? 1 : 0;
  }
  sender.join();
  EXPECT_EQ(done + busy, kRequests);
  EXPECT_GT(done, 0);
}

TEST_F(Protocol, ClientThatNeverReadsHoldsNobodyUp) {
  auto deaf = RawClient::Connect(box.Socket());
  ASSERT_TRUE(deaf);
  deaf->DoNotWait();
  const long before = MemoryOfDaemon();
  int sent = 0;
  // Until the server does not take more, or it has taken enough for about 200 MB of replies.
  while (sent < 20'000 && deaf->Send({"LIST-COMMANDS"})) {
    if (++sent % 500 == 0) ExpectAlive();
  }
  EXPECT_GT(sent, 100);
  for (int i = 0; i < 20; ++i) ExpectAlive();
  EXPECT_LT(MemoryOfDaemon() - before, 100L * 1024) << "after " << sent << " requests";
}

// Replies of about 3 MB each: few of them, and much memory (1.4 GB without a bound).
TEST_F(Protocol, ClientThatNeverReadsLongRepliesHoldsNoMemory) {
  const std::string filler(60'000, 'x');
  for (int i = 0; i < 3; ++i) {
    const std::string command = fmt::format(R"(TEST-JOB {{"steps":[-{}{}],"filler":"{}"}})", i + 1,
                                            [] {
                                              std::string zeros;
                                              for (int step = 1; step < 20; ++step) zeros += ",0";
                                              return zeros;
                                            }(),
                                            filler);
    EXPECT_THAT(Told(command), HasSubstr("Scheduled"));
  }
  const auto size = Told("GET-JOB-STAT").size();
  EXPECT_GT(size, 2'900'000U);
  const long before = MemoryOfDaemon();
  auto deaf = RawClient::Connect(box.Socket());
  ASSERT_TRUE(deaf);
  for (int i = 0; i < 60; ++i) ASSERT_TRUE(deaf->Send({"GET-JOB-STAT"}));
  for (int i = 0; i < 20; ++i) EXPECT_GT(Told("GET-JOB-STAT").size(), 2'900'000U) << "another client gets its replies";
  EXPECT_TRUE(WaitUntil([&] { return MemoryOfDaemon() - before < 80L * 1024 + kKeptBySanitizer; }, seconds(30)))
      << MemoryOfDaemon() - before << " KiB";
  ExpectAlive();
}

TEST_F(Protocol, SecretsOfMistypedCommandsAreNowhere) {
  const std::string secret = "hunter2-very-secret";
  for (const std::string& command :
       {"CHGPWD {\"user\":\"x\",\"newpasswd\":\"" + secret + "\"}", "chgpw {\"newpasswd\":\"" + secret + "\"}",
        "CHGPW\n{\"newpasswd\":\"" + secret + "\"}", "TEST {\"newpasswd\":\"" + secret + "\"",
        "SET-CONFIG " + secret}) {
    const std::string reply = Told(command);
    EXPECT_THAT(reply, HasSubstr("\"Error\":"));
    EXPECT_THAT(reply, Not(HasSubstr(secret)));
  }
  ASSERT_TRUE(daemon.Terminate());
  std::string everything = daemon.Printed();
  for (const std::string& name : NamesIn(box.Path("/opt/admin/cmdsrv"))) {
    everything += ReadText(box.Path("/opt/admin/cmdsrv/" + name)).value_or("");
  }
  EXPECT_THAT(everything, HasSubstr("Unknown Command CHGPWD"));
  EXPECT_EQ(everything.find("newpasswd"), std::string::npos);
  EXPECT_EQ(everything.find(secret), std::string::npos);
}

}  // namespace
}  // namespace cmdsrv::test
