// A real nginx with the configuration that is shipped, between the browser and the gateway's unix socket.
#include <gmock/gmock.h>

#include <filesystem>
#include <memory>

#include "base/json.hpp"
#include "console/console.hpp"
#include "console/nginx.hpp"
#include "support/files.hpp"
#include "support/png.hpp"
#include "support/run.hpp"
#include "support/test_box.hpp"

namespace cmdsrv::test {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr const char* kPassword = "g0adm1n";

class NginxWay : public testing::Test {
 protected:
  NginxWay() {
    MakeAccounts(box.Root(), kPassword);
    daemon.emplace(box.StartDaemon());
    StartGateway();
    nginx.emplace(box.Root());
  }
  void StartGateway() { gateway = std::make_unique<GatewayProcess>(box.Root(), SocketForNginx(box.Root())); }

  Console Browser() const { return Console(nginx->Port()); }

  /// A request over HTTPS; what curl printed, the status last.
  std::string Secure(const std::string& path, const HttpHeaders& headers, const std::string& body = "") const {
    std::vector<std::string> arguments{"curl", "-sk", "-D", "-", "-w", "\n%{http_code}", "--max-time", "30"};
    for (const auto& [name, value] : headers) {
      arguments.insert(arguments.end(), {"-H", fmt::format("{}: {}", name, value)});
    }
    if (!body.empty()) arguments.insert(arguments.end(), {"--data-raw", body});
    arguments.push_back(fmt::format("https://127.0.0.1:{}{}", nginx->SecurePort(), path));
    return RunTool(arguments, seconds(40)).output;
  }
  static std::string CookieIn(const std::string& head) {
    const std::size_t at = head.find("iiab_session=");
    return at == std::string::npos ? "" : head.substr(at, head.find(';', at) - at);
  }

  const std::string admin = std::string("iiab-admin:") + kPassword;
  TestBox box;
  std::optional<Daemon> daemon;
  std::unique_ptr<GatewayProcess> gateway;
  std::optional<Nginx> nginx;
};

TEST_F(NginxWay, TheConsoleWorksThroughIt) {
  const Console console = Browser();
  ASSERT_EQ(console.Login(admin), 200) << nginx->Printed();
  EXPECT_EQ(console.Login("iiab-admin:wrong"), 403) << "the gateway's own answer, 2 s late, and no 502 or 504";
  EXPECT_THAT(console.Send("TEST {\"text\": \"100% + & = \xc3\xa4\"}", admin).body, StartsWith(R"({"Data": {"TEST")"));
  EXPECT_THAT(console.SendBoxed("TEST {}", admin).body, StartsWith(R"({"Data": {"TEST")"));
  const std::string large = "TEST {\"text\": \"" + std::string(100'000, 'x') + "\"}";
  EXPECT_THAT(console.Send(large, admin).body, StartsWith(R"({"Data": {"TEST")"));
  EXPECT_EQ(console.Send(std::string(1'100'000, 'x'), admin).status, 413);
  EXPECT_EQ(Http(nginx->Port(), "GET", "/iiab-cmd-service/elsewhere").status, 404);
}

/// The usual time is 58 s, with which nginx has patience too.
TEST_F(NginxWay, ACommandThatTakesTooLongIsToldOfAndGoesOn) {
  gateway.reset();
  OrThrow(WriteText(box.Path("/etc/iiab/cmdsrv-gateway.conf"), R"({"request_timeout_s": 3})"));
  StartGateway();
  box.StandIn("lshw", fmt::format("#!/bin/sh\n: > {0}/tmp/begun\nwhile [ ! -e {0}/tmp/go ]; do sleep 0.1; done\n"
                                  "echo '{{}}'\n: > {0}/tmp/done\n",
                                  box.Root()));
  OrThrow(MakeDirs(box.Path("/tmp")));
  const Console console = Browser();
  ASSERT_TRUE(WaitUntil([&] { return console.Login(admin) == 200; }, seconds(60)));  // within 3 s, on a busy machine
  const HttpAnswer late = console.Send("GET-HW-INFO", admin);
  EXPECT_EQ(late.status, 200) << late.head;
  EXPECT_THAT(late.body, StartsWith(R"({"Error": "CMDSRV has not answered yet.)"));
  EXPECT_THAT(late.body, HasSubstr(R"(goes on there. Please look again later.","Alert": "True"})"));
  EXPECT_TRUE(WaitUntil([&] { return Exists(box.Path("/tmp/begun")); }, seconds(60)));
  EXPECT_FALSE(Exists(box.Path("/tmp/done")));
  OrThrow(WriteText(box.Path("/tmp/go"), ""));
  EXPECT_TRUE(WaitUntil([&] { return Exists(box.Path("/tmp/done")); }, seconds(60))) << "nobody has ended it";
  EXPECT_TRUE(WaitUntil([&] { return console.Send("GET-HW-INFO", admin).body.starts_with(R"({"Data": {"hw_info")"); },
                        seconds(60)));
}

TEST_F(NginxWay, NginxSaysWhoTheClientIsAndNobodyElse) {
  const HttpHeaders lies = {{"X-Real-IP", "9.9.9.9"}, {"X-Server-Addr", "8.8.8.8"}};
  const std::string info = Http(nginx->Port(), "GET", "/admin/server-info.php", lies).body;
  EXPECT_EQ(info, R"({"iiab_server_ip":"127.0.0.1","iiab_client_ip":"127.0.0.1","iiab_cmdsrv_running":"TRUE"})");
  EXPECT_EQ(Http(nginx->Port(), "GET", "/iiab-cmd-service/server-info", lies).body, info);
}

TEST_F(NginxWay, EventsAreNotHeldBack) {
  const Console console = Browser();
  const std::string token = console.SignIn(admin).body;
  HttpHeaders headers = console.TokenHeaders(token);
  headers.emplace_back("Accept-Encoding", "gzip");
  HttpStream stream(nginx->Port(), "/iiab-cmd-service/events", headers);
  EXPECT_THAT(stream.ReadUntil("snapshot"), StartsWith("HTTP/1.1 200")) << nginx->Printed();
  EXPECT_THAT(console.Send(R"(TEST-JOB {"steps": [0]})", admin).body, HasSubstr("Scheduled"));
  EXPECT_THAT(stream.ReadUntil("SUCCEEDED"), HasSubstr("event: job\n"));
}

TEST_F(NginxWay, CookiesActOverHttpsOnly) {
  const Console console = Browser();
  HttpHeaders login = console.Headers(admin, console.Nonce());
  login.emplace_back("X-IIAB-Session", "cookie");
  const std::string answer = Secure("/iiab-cmd-service/auth/login", login);
  ASSERT_THAT(answer, HasSubstr("HttpOnly; SameSite=Strict; Secure"));
  const std::string forgery = answer.substr(answer.find("\r\n\r\n") + 4, 43);
  const HttpHeaders page = {{"Cookie", CookieIn(answer)}, {"X-IIAB-Forgery", forgery}};
  EXPECT_THAT(Secure("/iiab-cmd-service/cmd", page, "command2=TEST"), HasSubstr(R"({"Data": {"TEST")"));
  EXPECT_THAT(Secure("/iiab-cmd-service/cmd", {page[0]}, "command2=TEST"), testing::EndsWith("\n403")) << "forged";
  HttpHeaders foreign = page;
  foreign.emplace_back("Origin", "https://evil.example");
  EXPECT_THAT(Secure("/iiab-cmd-service/cmd", foreign, "command2=TEST"), testing::EndsWith("\n403"));
  HttpHeaders plain = page;
  plain.emplace_back("X-Forwarded-Proto", "https");
  plain.emplace_back("Content-Type", "application/x-www-form-urlencoded");
  EXPECT_EQ(Http(nginx->Port(), "POST", "/iiab-cmd-service/cmd", plain, "command2=TEST").status, 403)
      << "on plain HTTP, whatever the browser claims";
}

TEST_F(NginxWay, AnIconIsUploaded) {
  OrThrow(MakeDirs(box.Path("/library/working/uploads")));
  const Console console = Browser();
  ASSERT_EQ(console.Login(admin), 200);
  const std::string body = "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.gif\"\r\n\r\nGIF89a" +
                           std::string(2'000'000, 'x') + "\r\n--B--";
  const HttpHeaders headers = {{"Content-Type", "multipart/form-data; boundary=B"}};
  EXPECT_EQ(Http(nginx->Port(), "POST", "/admin/upload-image.php", headers, body).body,
            R"({"Success": "File uploaded."})");
}

/// As the console does it: MOVE-UPLOADED-FILE follows at once.
TEST_F(NginxWay, AnUploadedIconBecomesOneOfTheMenu) {
  OrThrow(MakeDirs(box.Path("/library/working/uploads")));
  const Console console = Browser();
  ASSERT_EQ(console.Login(admin), 200);
  const std::string body =
      "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"my icon.png\"\r\n"
      "Content-Type: image/png\r\n\r\n" +
      MakePng(8, 0x112233) + "\r\n--B--\r\n";
  EXPECT_EQ(Http(nginx->Port(), "POST", "/admin/upload-image.php",
                 {{"Content-Type", "multipart/form-data; boundary=B"}}, body)
                .body,
            R"({"Success": "File uploaded."})");
  const char* move =
      R"(MOVE-UPLOADED-FILE {"file_name": "my icon.png", "file_use": "icon", "filter_array": ["image/png"]})";
  EXPECT_THAT(console.Send(move, admin).body, StartsWith(R"({"Data": {"Success": "MOVE-UPLOADED-FILE .")"));
  EXPECT_TRUE(Exists(box.Path("/library/www/html/js-menu/menu-files/images/my_icon.png")));
}

/// Both take a bare LF for the end of a line, and nginx sends on lines of its own.
TEST_F(NginxWay, ABareLineFeedMeansTheSameToBoth) {
  const RunEnd end = RunTool(
      {"/usr/bin/python3", "-c",
       "import socket,sys\ns=socket.create_connection(('127.0.0.1',int(sys.argv[1])),30)\ns.settimeout(30)\n"
       "s.sendall(b'GET /iiab-cmd-service/auth/get_nonce HTTP/1.1\\nHost: b\\nX: y\\nContent-Length: 5\\n\\nGET /'\n"
       "b'GET /iiab-cmd-service/auth/refresh HTTP/1.1\\r\\nHost: b\\r\\nConnection: close\\r\\n\\r\\n')\n"
       "got=b''\nwhile True:\n  more=s.recv(4096)\n  if not more: break\n  got+=more\nprint(got.count(b'HTTP/1.1 "
       "200'))",
       std::to_string(nginx->Port())});
  EXPECT_EQ(end.output, "2\n") << "one request and its body, and the next one";
}

TEST_F(NginxWay, WhatTwoServersReadDifferentlyReachesNobody) {
  for (const char* request :
       {"POST /iiab-cmd-service/cmd HTTP/1.1\r\nHost: b\r\nContent-Length: 4\r\nTransfer-Encoding: "
        "chunked\r\n\r\n0\r\n\r\n",
        "POST /iiab-cmd-service/cmd HTTP/1.1\r\nHost: b\r\nContent-Length: 0\r\nContent-Length: 4\r\n\r\nGET ",
        "GET /iiab-cmd-service/auth/get_nonce HTTP/1.1\r\nHost: b\r\nX: y\rContent-Length: 4\r\n\r\nGET "}) {
    const RunEnd end = RunTool({"/usr/bin/python3", "-c",
                                "import socket,sys\ns=socket.create_connection(('127.0.0.1',int(sys.argv[1])),30)\n"
                                "s.settimeout(30)\ns.sendall(sys.argv[2].encode())\nprint(s.recv(100))",
                                std::to_string(nginx->Port()), request});
    EXPECT_THAT(end.output, HasSubstr("HTTP/1.1 400")) << request;
  }
}

TEST_F(NginxWay, AGatewayThatIsGoneComesBack) {
  const Console console = Browser();
  ASSERT_EQ(console.Login(admin), 200);
  EXPECT_EQ(gateway->Terminate(), 0);
  EXPECT_EQ(Http(nginx->Port(), "GET", "/iiab-cmd-service/auth/get_nonce").status, 502);
  StartGateway();
  EXPECT_EQ(console.Login(admin), 200);
}

}  // namespace
}  // namespace cmdsrv::test
