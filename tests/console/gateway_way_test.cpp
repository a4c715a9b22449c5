// The whole way of a browser: real HTTP, real boxes, the real gateway and the real daemon in a box.
#include <gmock/gmock.h>
#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <thread>

#include "base/json.hpp"
#include "console/console.hpp"
#include "support/files.hpp"
#include "support/test_box.hpp"

namespace cmdsrv::test {
namespace {

using std::chrono::steady_clock;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr const char* kPassword = "canary-g0:a dm%\"1n=+&\xc3\xa4";
constexpr const char* kInvalid = R"({"Error": "Invalid command.","Alert": "True"})";

class GatewayWay : public testing::Test {
 protected:
  GatewayWay() {
    MakeAccounts(box.Root(), kPassword);
    daemon.emplace(box.StartDaemon());
    gateway = std::make_unique<GatewayProcess>(box.Root());
  }

  Console Browser() const { return Console(gateway->Port()); }

  /// The newest Command in the daemon's database that begins like this.
  std::string NewestCommand(const std::string& beginning) const {
    sqlite3* database = nullptr;
    std::string found;
    const std::string path = box.Path("/opt/admin/cmdsrv/cmdsrv.0.3.db");
    if (sqlite3_open_v2(path.c_str(), &database, SQLITE_OPEN_READONLY, nullptr) == SQLITE_OK) {
      sqlite3_stmt* statement = nullptr;
      sqlite3_prepare_v2(database,
                         "SELECT cmd_msg FROM commands WHERE substr(cmd_msg, 1, length(?1)) = ?1 ORDER BY rowid DESC",
                         -1, &statement, nullptr);
      sqlite3_bind_text(statement, 1, beginning.c_str(), -1, SQLITE_TRANSIENT);
      if (sqlite3_step(statement) == SQLITE_ROW) {
        found.assign(reinterpret_cast<const char*>(sqlite3_column_text(statement, 0)),
                     static_cast<std::size_t>(sqlite3_column_bytes(statement, 0)));
      }
      sqlite3_finalize(statement);
    }
    sqlite3_close(database);
    return found;
  }

  const std::string admin = std::string("iiab-admin:") + kPassword;
  TestBox box;
  std::optional<Daemon> daemon;
  std::unique_ptr<GatewayProcess> gateway;
};

TEST_F(GatewayWay, WhatTheConsoleDoesAtItsStart) {
  EXPECT_THAT(Http(gateway->Port(), "GET", "/admin/server-info.php").body,
              HasSubstr(R"("iiab_cmdsrv_running":"TRUE"})"));
  const Console console = Browser();
  EXPECT_EQ(console.Nonce().size(), 32U);
  ASSERT_EQ(console.Login(admin), 200);
  // Any Error, or Data that is neither an object nor a list, ends the page's start.
  const auto ask = [&](const char* command) {
    const HttpAnswer answer = console.Send(command, admin);
    EXPECT_EQ(answer.status, 200) << command;
    EXPECT_THAT(answer.head, HasSubstr("Content-Type: application/json"));
    const auto body = ParseJson(answer.body);
    const json::object reply = body && body->is_object() ? body->get_object() : json::object();
    const json::value data = reply.contains("Data") ? reply.at("Data") : json::value();
    EXPECT_TRUE(data.is_object() || data.is_array()) << command << ": " << answer.body.substr(0, 300);
    EXPECT_TRUE(reply.contains("Resp_time")) << command;
  };
  ask("GET-ADM-CONF");
  std::vector<std::thread> at_once;
  for (const char* command : {"GET-VARS", "GET-ANS", "GET-IIAB-INI", "GET-ZIM-STAT", "GET-OER2GO-STAT",
                              "GET-OSM-VECT-STAT", "GET-SPACE-AVAIL", "GET-EXTDEV-INFO"})
    at_once.emplace_back([&, command] { ask(command); });
  for (std::thread& one : at_once) one.join();
  ask("GET-JOB-STAT {\"last_rowid\": 1}");
  EXPECT_EQ(console.Send("NO-SUCH-VERB {}", admin).body, R"({"Error": "Unknown Command"})");
}

TEST_F(GatewayWay, EveryCharacterArrivesAsItWasMeant) {
  const Console console = Browser();
  for (const std::string& text :
       {std::string("blanks and  two"), std::string("quote \" back \\ slash / "), std::string("100% + & = ? # ;"),
        std::string("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80")}) {
    std::string command = "TEST {\"text\": ";
    AppendJsonString(command, text);
    command += "}";
    for (const bool boxed : {false, true}) {
      const HttpAnswer answer = boxed ? console.SendBoxed(command, admin) : console.Send(command, admin);
      EXPECT_THAT(answer.body, StartsWith(R"({"Data": {"TEST")")) << command;
    }
    EXPECT_TRUE(WaitUntil([&] { return NewestCommand("TEST") == command; }, seconds(10)))
        << command << " arrived as " << NewestCommand("TEST");
  }
  const std::string large = "TEST {\"text\": \"" + std::string(100'000, 'x') + "\"}";
  EXPECT_THAT(console.Send(large, admin).body, StartsWith(R"({"Data": {"TEST")"));
  EXPECT_THAT(console.SendBoxed(large, admin).body, StartsWith(R"({"Data": {"TEST")"));
}

TEST_F(GatewayWay, TheLengthOfAReplyIsThatOfItsBytes) {
  OrThrow(WriteText(box.Path("/etc/iiab/local_vars.yml"), "host_ssid: \"D\xc3\xb6rfli \xe5\xad\xa6\xe6\xa0\xa1\"\n"));
  const HttpAnswer answer = Browser().Send("GET-VARS", admin);
  EXPECT_THAT(answer.body, HasSubstr("D\xc3\xb6rfli \xe5\xad\xa6\xe6\xa0\xa1"));
  EXPECT_THAT(answer.head + "\r\n", HasSubstr(fmt::format("Content-Length: {}\r\n", answer.body.size())));
}

/// The console's "select all" and "cancel": a request for each job of the page, all at once. The first of a chain takes
/// the others along, and each answer that is no success would be a box to click away.
TEST_F(GatewayWay, FiftyJobsAreCancelledAtOnce) {
  const Console console = Browser();
  ASSERT_EQ(console.Login(admin), 200);
  for (const int seconds_of_step : {600, 601, 602, 603, 604}) {
    const json::array steps(10, json::value(seconds_of_step));
    EXPECT_THAT(console.Send("TEST-JOB " + PrintJson(json::object{{"steps", steps}}), admin).body,
                HasSubstr("Scheduled"));
  }
  std::vector<std::thread> clicks;
  for (int job = 1; job <= 50; ++job) {
    clicks.emplace_back([&, job] {
      const HttpAnswer answer = console.Send(fmt::format(R"(CANCEL-JOB {{"job_id": "{}"}})", job), admin);
      EXPECT_THAT(answer.body, StartsWith(R"({"Data": {"Success": ")")) << job;
    });
  }
  for (std::thread& click : clicks) click.join();
}

TEST_F(GatewayWay, NobodyElseComesIn) {
  const Console console = Browser();
  const auto start = steady_clock::now();
  EXPECT_EQ(console.Login(":"), 403);
  EXPECT_EQ(console.Login("iiab-admin"), 403);
  EXPECT_LT(steady_clock::now() - start, seconds(2)) << "a page that nobody is signed in to is no guess";
  const std::string password = kPassword;
  std::vector<std::thread> threads;
  std::atomic<int> refused = 0;
  const std::vector<std::string> pairs = {"iiab-admin:wrong", "guest:" + password, "root:" + password,
                                          "locked:" + password, "nobody-here:" + password};
  for (const std::string& pair : pairs) {
    threads.emplace_back([&, pair] {
      const auto begin = steady_clock::now();
      if (console.Login(pair) == 403 && steady_clock::now() - begin >= seconds(2)) ++refused;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(refused, 5) << "each is refused, and not before 2 s";
  EXPECT_EQ(console.Login(admin), 200);
  EXPECT_EQ(console.Send("TEST", "guest:" + password).status, 403);
}

TEST_F(GatewayWay, WhatNoBrowserMaySend) {
  const Console console = Browser();
  for (const char* command : {R"(AUTHENTICATE {"user":"iiab-admin","password":"x"})", " AUTHENTICATE {}", "STOP",
                              "stop", "\tSTOP", R"(STOP {"jobs": "end"})"}) {
    EXPECT_EQ(console.Send(command, admin).body, kInvalid) << command;
    EXPECT_EQ(console.SendBoxed(command, admin).body, kInvalid) << command;
  }
  EXPECT_TRUE(daemon->IsRunning());
}

TEST_F(GatewayWay, ANonceOpensOnce) {
  const Console console = Browser();
  const std::string nonce = console.Nonce();
  const HttpHeaders headers = console.Headers(admin, nonce);
  EXPECT_EQ(Http(gateway->Port(), "GET", "/iiab-cmd-service/auth/login", headers).status, 200);
  EXPECT_EQ(Http(gateway->Port(), "GET", "/iiab-cmd-service/auth/login", headers).status, 403) << "replayed";
  EXPECT_EQ(Http(gateway->Port(), "POST", "/iiab-cmd-service/cmd", headers, "command=TEST").status, 403);
}

TEST_F(GatewayWay, APasswordIsChangedAndTheOldOneNoLongerLetsIn) {
  const Console console = Browser();
  const std::string fresh = "Wq7-brunt.Oxcart\xc3\xa4 9";
  const auto change = [&](const std::string& to) {
    const json::object arguments{{"user", "iiab-admin"}, {"oldpasswd", kPassword}, {"newpasswd", to}};
    return console.SendBoxed("CHGPW " + PrintJson(arguments), admin).body;
  };
  EXPECT_EQ(change("short"), R"({"Error": "Password Strength: it is too short. CHGPW."})");
  EXPECT_THAT(change(fresh), StartsWith(R"({"Data": {"Success": "CHGPW Password Changed."},"Resp_time")"));
  EXPECT_EQ(console.Login(admin), 403) << "what the gateway had seen confirmed is forgotten";
  EXPECT_EQ(console.Login("iiab-admin:" + fresh), 200);
}

TEST_F(GatewayWay, APageOutlivesTheGateway) {
  Console console = Browser();
  ASSERT_EQ(console.Login(admin), 200);
  EXPECT_EQ(gateway->Terminate(), 0);
  gateway = std::make_unique<GatewayProcess>(box.Root());
  console.MoveTo(gateway->Port());
  EXPECT_EQ(console.Login(admin), 200) << "the key was kept";
  gateway->Terminate();
  std::filesystem::remove(box.Path("/var/lib/iiab-cmdsrv-gateway/gateway.key"));
  gateway = std::make_unique<GatewayProcess>(box.Root());
  console.MoveTo(gateway->Port());
  EXPECT_EQ(console.Login(admin), 403) << "the key was lost";
  console.Initialise();
  EXPECT_EQ(console.Login(admin), 200) << "and the page recovers";
}

TEST_F(GatewayWay, ADaemonThatIsNotThere) {
  const Console console = Browser();
  ASSERT_EQ(console.Login(admin), 200);
  EXPECT_TRUE(daemon->Terminate());
  EXPECT_EQ(console.Send("TEST", admin).body, R"({"Error": "CMDSRV is not running.","Alert": "True"})");
  const auto start = steady_clock::now();
  EXPECT_EQ(console.Login(admin + "x"), 503) << "nobody can say whether it is right";
  EXPECT_LT(steady_clock::now() - start, seconds(30)) << "and that is said soon";
  OrThrow(WriteText(box.Path("/run/iiab-cmdsrv.pid"), "1\n"));
  EXPECT_EQ(console.Send("TEST", admin).body, R"({"Error": "CMDSRV has started but is not ready.","Alert": "True"})");
  std::filesystem::remove(box.Path("/run/iiab-cmdsrv.pid"));
  daemon.emplace(box.StartDaemon());
  EXPECT_THAT(console.Send("TEST", admin).body, StartsWith(R"({"Data": )"));
  daemon->Kill9();  // leaves its files behind
  EXPECT_EQ(console.Send("TEST", admin).body, R"({"Error": "Unable to reach CMDSRV.","Alert": "True"})");
  daemon.emplace(box.StartDaemon());
  EXPECT_THAT(console.Send("TEST", admin).body, StartsWith(R"({"Data": )"));
}

TEST_F(GatewayWay, GuessersDoNotHoldUpTheOthers) {
  const Console console = Browser();
  ASSERT_EQ(console.Login(admin), 200);
  std::atomic<bool> over = false;
  std::atomic<int> guesses = 0, let_in = 0;
  std::vector<std::thread> guessers;
  for (int i = 0; i < 4; ++i) {
    guessers.emplace_back([&] {
      const Console guesser = Browser();
      while (!over) {
        if (guesser.Login(fmt::format("iiab-admin:guess{}", ++guesses)) != 403) ++let_in;
      }
    });
  }
  std::vector<double> times;
  for (int i = 0; i < 60; ++i) {
    const auto start = steady_clock::now();
    EXPECT_EQ(console.Send("GET-JOB-STAT", admin).status, 200);
    times.push_back(std::chrono::duration<double>(steady_clock::now() - start).count());
  }
  over = true;
  for (std::thread& guesser : guessers) guesser.join();
  std::ranges::sort(times);
  RecordProperty("slowest_ms", static_cast<int>(times.back() * 1000));
  EXPECT_LT(times.back(), Patiently(seconds(1)).count() / 1000.0);
  EXPECT_EQ(let_in, 0);
  EXPECT_EQ(console.Login(admin), 200);
}

TEST_F(GatewayWay, APasswordLeavesNoTrace) {
  const Console console = Browser();
  EXPECT_EQ(console.Login(admin), 200);
  EXPECT_EQ(console.Login(admin + "x"), 403);
  console.SendBoxed(R"(CHGPW {"user": "guest", "oldpasswd": "canary-old", "newpasswd": "canary-new"})", admin);
  console.Send(R"(CHGPWD {"user": "guest", "oldpasswd": "canary-old"})", admin);
  for (const pid_t pid : {daemon->Pid(), gateway->Pid()}) {
    for (const char* file : {"cmdline", "environ"}) {
      EXPECT_THAT(ReadText(fmt::format("/proc/{}/{}", pid, file)).value_or(""), Not(HasSubstr("canary")));
    }
  }
  const auto limits = ReadText(fmt::format("/proc/{}/limits", gateway->Pid()));
  ASSERT_TRUE(limits) << limits.error().message;
  EXPECT_THAT(*limits, HasSubstr("Max core file size        0 "));
  EXPECT_EQ(gateway->Terminate(), 0);
  EXPECT_TRUE(daemon->Terminate());
  int files = 0;
  for (const char* folder : {"/var", "/opt/admin", "/run", "/etc/iiab"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(box.Path(folder))) {
      if (!entry.is_regular_file()) continue;
      ++files;
      std::ifstream file(entry.path(), std::ios::binary);
      const std::string text{std::istreambuf_iterator<char>(file), {}};
      EXPECT_THAT(text.find("canary"), std::string::npos) << entry.path();
    }
  }
  EXPECT_GT(files, 3);
}

}  // namespace
}  // namespace cmdsrv::test
