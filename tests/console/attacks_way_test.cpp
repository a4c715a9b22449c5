// What a hostile network tries, against the real gateway in front of the real daemon.
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <thread>

#include "console/console.hpp"
#include "support/files.hpp"
#include "support/limits.hpp"
#include "support/test_box.hpp"

namespace cmdsrv::test {
namespace {

using std::chrono::steady_clock;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr const char* kPassword = "canary-pw:a=b %41\xc3\xa4";
constexpr const char* kInvalid = R"({"Error": "Invalid command.","Alert": "True"})";

class AttacksWay : public testing::Test {
 protected:
  explicit AttacksWay(const std::string& password = kPassword) {
    MakeAccounts(box.Root(), password);
    MakeStrangeAccounts();
    OrThrow(MakeDirs(box.Path("/www/sub")));
    OrThrow(WriteText(box.Path("/www/index.html"), "<p>page"));
    OrThrow(WriteText(box.Path("/secret.txt"), "secret"));
    std::filesystem::create_symlink("../secret.txt", box.Path("/www/link.txt"));
    daemon.emplace(box.StartDaemon());
    gateway = std::make_unique<GatewayProcess>(box.Root(), "127.0.0.1:0",
                                               std::vector<std::string>{"--static", box.Path("/www")});
  }
  /// All of them in sudo, with the right password or the lack of one.
  void MakeStrangeAccounts() const {
    const std::string shadow = OrThrow(ReadText(box.Path("/etc/shadow")));
    const std::size_t at = shadow.find("iiab-admin:") + 11;
    const std::string hash = shadow.substr(at, shadow.find(':', at) - at);
    const auto append = [&](const char* file, const std::string& lines, unsigned mode) {
      OrThrow(WriteText(box.Path(file), OrThrow(ReadText(box.Path(file))) + lines, mode));
    };
    append("/etc/passwd",
           "locked:x:1003:27::/:/bin/sh\nexpired:x:1004:27::/:/bin/sh\nempty:x:1005:27::/:/bin/sh\n"
           "shell-less:x:1006:27::/:/usr/sbin/nologin\n",
           0644);
    append("/etc/shadow",
           fmt::format("expired:{0}:1:0:99999:7::20000:\nempty::1:0:99999:7:::\nshell-less:{0}:1:0:99999:7:::\n", hash),
           0600);
  }
  Console Browser() const { return Console(gateway->Port()); }

  const std::string admin = std::string("iiab-admin:") + kPassword;
  TestBox box;
  std::optional<Daemon> daemon;
  std::unique_ptr<GatewayProcess> gateway;
};

/// Resident memory in KiB.
long MemoryOf(pid_t pid) {
  const std::string status = ReadText(fmt::format("/proc/{}/status", pid)).value_or("");
  const std::size_t at = status.find("VmRSS:");
  return at == std::string::npos ? 0 : std::stol(status.substr(at + 6));
}

UniqueFd ConnectTo(std::uint16_t port) {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd.Get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return UniqueFd();
  return fd;
}

/// Sends `count` (some hundreds) requests for a nonce on one connection without waiting; how many answers came.
long FloodNonces(std::uint16_t port, long count) {
  const UniqueFd fd = ConnectTo(port);
  std::thread sender([&] {
    std::string requests;
    for (int i = 0; i < 100; ++i) requests += "GET /iiab-cmd-service/auth/get_nonce HTTP/1.1\r\nHost: box\r\n\r\n";
    for (long i = 0; i < count; i += 100) {
      for (std::string_view left = requests; !left.empty();) {
        const ssize_t sent = ::send(fd.Get(), left.data(), left.size(), MSG_NOSIGNAL);
        if (sent <= 0) return;
        left.remove_prefix(static_cast<std::size_t>(sent));
      }
    }
  });
  long answers = 0;
  std::string rest;
  std::vector<char> buffer(1 << 16);
  while (answers < count) {
    const ssize_t got = ::recv(fd.Get(), buffer.data(), buffer.size(), 0);
    if (got <= 0) break;
    rest.append(buffer.data(), static_cast<std::size_t>(got));
    std::size_t at = 0;
    while ((at = rest.find("HTTP/1.1 200")) != std::string::npos) {
      ++answers;
      rest.erase(0, at + 12);
    }
    if (rest.size() > 12) rest.erase(0, rest.size() - 12);
  }
  sender.join();
  return answers;
}

TEST_F(AttacksWay, AFloodOfNonceRequestsTakesNoMemory) {
  FloodNonces(gateway->Port(), 15'000);  // all that it will ever take
  const long before = MemoryOf(gateway->Pid());
  long answers = 0;
  for (int i = 0; i < 5; ++i) answers += FloodNonces(gateway->Port(), 10'000);
  EXPECT_EQ(answers, 50'000);
  EXPECT_LE(MemoryOf(gateway->Pid()), before + 2048 + kKeptBySanitizer);
  EXPECT_EQ(Browser().Login(admin), 200) << "and another client's nonces were not taken away";
}

TEST_F(AttacksWay, AccountsThatMayNotComeIn) {
  const Console console = Browser();
  const std::string password = kPassword;
  std::atomic<int> refused = 0;
  std::vector<std::thread> threads;
  const std::vector<std::string> pairs = {"locked:" + password,     "expired:" + password, "empty:",
                                          "shell-less:" + password, "root:" + password,    "guest:" + password};
  for (const std::string& pair : pairs) {
    threads.emplace_back([&, pair] {
      const int status = console.Login(pair);
      EXPECT_EQ(status, 403) << pair;
      refused += status == 403 ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(refused, 6);
  EXPECT_EQ(console.Login(admin), 200) << "with : and = and blanks, and no ASCII";
}

class LongPasswordWay : public AttacksWay {
 protected:
  LongPasswordWay() : AttacksWay(Long()) {}
  static std::string Long() {
    std::string text;
    while (text.size() < 198) text += "\xc3\xa4x";
    return text + "=:";
  }
};

TEST_F(LongPasswordWay, LetsIn) {
  const Console console = Browser();
  EXPECT_EQ(console.Login("iiab-admin:" + Long()), 200);
  EXPECT_EQ(console.Login("iiab-admin:" + Long().substr(0, 199)), 403);
}

TEST_F(AttacksWay, StopAndAuthenticateInDisguise) {
  const Console console = Browser();
  for (const char* body :
       {"command=STOP", "command=%53TOP", "command=%2553TOP", "command=%2520STOP", "command=%20STOP", "command=%0ASTOP",
        "command=%00STOP", "command2=STOP", "command=st%6Fp", "x=1&command=STOP", "command=STOP%00", "%63ommand=STOP",
        "command=%EF%BB%BFSTOP", "command=AUTHENTICATE%2520%7B%7D", "command=authenticate%20%7B%7D",
        "command2=+AUTHENTICATE+{}"}) {
    const HttpAnswer answer =
        Http(gateway->Port(), "POST", "/iiab-cmd-service/cmd", console.Headers(admin, console.Nonce()), body);
    EXPECT_EQ(answer.status, 200) << body;
    EXPECT_THAT(answer.body,
                testing::AnyOf(kInvalid, StartsWith(R"({"Error": "Malformed)"), R"({"Error": "Unknown Command"})"))
        << body;
  }
  EXPECT_TRUE(daemon->IsRunning());
}

TEST_F(AttacksWay, PathTricks) {
  EXPECT_EQ(Http(gateway->Port(), "GET", "/admin/").body, "<p>page");
  for (const char* path :
       {"/admin/../secret.txt", "/admin/..%2fsecret.txt", "/admin/%2e%2e/secret.txt", "/admin/sub/..%2f..%2fsecret.txt",
        "/admin/link.txt", "/admin/index.html%00.txt", "/admin/%2e%2e%5csecret.txt", "/admin//etc/passwd",
        "/admin/..;/secret.txt", "//secret.txt", "/admin%2f..%2fsecret.txt", "http://box/admin/../secret.txt"}) {
    const HttpAnswer answer = Http(gateway->Port(), "GET", path);
    EXPECT_EQ(answer.status, 404) << path;
    EXPECT_THAT(answer.body, Not(HasSubstr("secret"))) << path;
  }
}

TEST_F(AttacksWay, HalfOpenConnectionsHoldUpNobody) {
  const Console console = Browser();
  ASSERT_EQ(console.Login(admin), 200);
  std::vector<UniqueFd> half;
  for (int i = 0; i < 300; ++i) {
    half.push_back(ConnectTo(gateway->Port()));
    ASSERT_TRUE(half.back());
    const std::string_view begin = i % 3 == 0   ? ""
                                   : i % 3 == 1 ? "GET /iiab-cmd-service/auth/get_non"
                                                : "POST /iiab-cmd-service/auth/logout HTTP/1.1\r\nHost: b\r\nX: ";
    ASSERT_EQ(::send(half.back().Get(), begin.data(), begin.size(), MSG_NOSIGNAL), static_cast<ssize_t>(begin.size()));
  }
  const auto start = steady_clock::now();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(console.Send("TEST", admin).status, 200);
  EXPECT_LT(steady_clock::now() - start, Patiently(seconds(20))) << "before the first of them is given up";
}

TEST_F(AttacksWay, WhoGoesAwayDoesNotTakeTheCommandAlong) {
  box.StandIn("lshw", fmt::format("#!/bin/sh\n: > {0}/begun\nwhile [ ! -e {0}/go ]; do sleep 0.1; done\n: > {0}/done\n",
                                  box.Root()));
  const Console console = Browser();
  ASSERT_EQ(console.Login(admin), 200);
  constexpr std::string_view kBody = "command=GET-HW-INFO";
  std::string request = fmt::format(
      "POST /iiab-cmd-service/cmd HTTP/1.1\r\nHost: box\r\nContent-Length: {}\r\n"
      "Content-Type: application/x-www-form-urlencoded\r\n",
      kBody.size());
  for (const auto& [name, value] : console.Headers(admin, console.Nonce()))
    request += fmt::format("{}: {}\r\n", name, value);
  request += "\r\n";
  request += kBody;
  {
    const UniqueFd fd = ConnectTo(gateway->Port());
    ASSERT_EQ(::send(fd.Get(), request.data(), request.size(), MSG_NOSIGNAL), static_cast<ssize_t>(request.size()));
    EXPECT_TRUE(WaitUntil([&] { return Exists(box.Path("/begun")); }, seconds(60)));
  }
  EXPECT_THAT(console.Send("TEST", admin).body, StartsWith(R"({"Data": )")) << "the gateway has seen it go";
  OrThrow(WriteText(box.Path("/go"), ""));
  EXPECT_TRUE(WaitUntil([&] { return Exists(box.Path("/done")); }, seconds(60)));
}

TEST_F(AttacksWay, NothingOfASessionLeavesATrace) {
  const Console console = Browser();
  const std::string token = console.SignIn(admin).body;
  const HttpAnswer page = console.SignIn(admin, {{"X-IIAB-Session", "cookie"}});
  const std::size_t at = page.head.find("iiab_session=") + 13;
  const std::string cookie = page.head.substr(at, 43);
  ASSERT_EQ(token.size(), 43U);
  EXPECT_EQ(console.Login(admin + "x"), 403);
  Http(gateway->Port(), "POST", "/iiab-cmd-service/cmd", console.TokenHeaders(token), "command2=TEST");
  Http(gateway->Port(), "GET", "/iiab-cmd-service/auth/session", {{"Cookie", "iiab_session=" + cookie}});
  Http(gateway->Port(), "POST", "/iiab-cmd-service/cmd", {{"Cookie", "iiab_session=" + cookie}}, "command2=TEST");
  const std::vector<std::string> secrets = {"canary-pw", token, cookie, page.body};
  const auto clean = [&](const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    for (const std::string& secret : secrets)
      EXPECT_EQ(text.find(secret), std::string::npos) << secret << " in " << path;
  };
  int processes = 0;
  for (const ProcessFacts& process : box.Processes()) {
    ++processes;
    for (const char* name : {"cmdline", "environ", "comm"}) clean(fmt::format("/proc/{}/{}", process.pid, name));
  }
  EXPECT_GE(processes, 2) << "the daemon and the gateway";
  EXPECT_EQ(gateway->Terminate(), 0);
  EXPECT_TRUE(daemon->Terminate());
  for (const auto& entry : std::filesystem::recursive_directory_iterator(box.Root())) {
    if (entry.is_regular_file()) clean(entry.path());
  }
}

}  // namespace
}  // namespace cmdsrv::test
