// News of jobs on their whole way: the real daemon, the real gateway, and streams as a browser holds them.
#include <gmock/gmock.h>

#include <memory>

#include "base/json.hpp"
#include "client/client.hpp"
#include "console/console.hpp"
#include "support/files.hpp"
#include "support/test_box.hpp"

namespace cmdsrv::test {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr const char* kPassword = "g0adm1n";
constexpr const char* kEvents = "/iiab-cmd-service/events";

class EventsWay : public testing::Test {
 protected:
  EventsWay() {
    MakeAccounts(box.Root(), kPassword);
    // The test plays the proxy, which says who the client is.
    OrThrow(WriteText(box.Path("/etc/iiab/cmdsrv-gateway.conf"), R"({"trust_proxy": true})"));
    daemon.emplace(box.StartDaemon());
    gateway = std::make_unique<GatewayProcess>(box.Root());
  }

  /// Cookie and header of a page that has just signed in.
  HttpHeaders SignInForCookie() const {
    const HttpAnswer answer = Console(gateway->Port()).SignIn(admin, {{"X-IIAB-Session", "cookie"}});
    EXPECT_EQ(answer.status, 200);
    const std::size_t at = answer.head.find("iiab_session=");
    if (at == std::string::npos) throw std::runtime_error("no cookie: " + answer.head);
    return {{"Cookie", answer.head.substr(at, answer.head.find(';', at) - at)},
            {"X-IIAB-Forgery", answer.body},
            {"X-Forwarded-Proto", "https"}};
  }
  HttpAnswer Send(const std::string& command, HttpHeaders headers) const {
    headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
    return Http(gateway->Port(), "POST", "/iiab-cmd-service/cmd", headers, "command2=" + Console::Encoded(command));
  }
  void RunAJob(const HttpHeaders& page) const {
    EXPECT_THAT(Send(R"(TEST-JOB {"steps": [0]})", page).body, HasSubstr("Scheduled"));
  }
  /// The number of the last event in this text.
  static std::string LastId(const std::string& text) {
    const std::size_t at = text.rfind("\nid: ");
    return at == std::string::npos ? "" : text.substr(at + 5, text.find('\n', at + 5) - at - 5);
  }
  int WaitingClients() const {
    auto client = OrThrow(Client::Connect(daemon->Socket()));
    const auto stats = OrThrow(ParseJson(OrThrow(client.Ask("GET-STATS", seconds(20)))));
    return stats.at("queues").at("waiting_clients").to_number<int>();
  }

  const std::string admin = std::string("iiab-admin:") + kPassword;
  TestBox box;
  std::optional<Daemon> daemon;
  std::unique_ptr<GatewayProcess> gateway;
};

TEST_F(EventsWay, APageFollowsAJob) {
  const HttpHeaders page = SignInForCookie();
  HttpStream stream(gateway->Port(), kEvents, page);
  const std::string head = stream.ReadUntil("\r\n\r\n");
  EXPECT_THAT(head, StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(head, HasSubstr("Content-Type: text/event-stream\r\n"));
  EXPECT_THAT(head, HasSubstr("Cache-Control: no-store\r\n"));
  EXPECT_THAT(stream.ReadUntil("}\n\n"), HasSubstr("event: snapshot\n"));
  RunAJob(page);
  std::string events;
  while (events.find("SUCCEEDED") == std::string::npos && events.find("(timeout)") == std::string::npos) {
    events += stream.ReadUntil("}\n\n");
  }
  EXPECT_THAT(events, HasSubstr("event: job\n"));
  EXPECT_THAT(events, HasSubstr(R"("job_status":"SUCCEEDED")"));

  // The same in a second stream, which begins where another one was.
  HttpHeaders resumed = page;
  const std::string first = events.substr(events.find("id: ") + 4);
  resumed.emplace_back("Last-Event-ID", first.substr(0, first.find('\n')));
  HttpStream again(gateway->Port(), kEvents, resumed);
  const std::string rest = again.ReadUntil("SUCCEEDED");
  EXPECT_THAT(rest, Not(HasSubstr("snapshot")));
  EXPECT_THAT(rest, HasSubstr("SUCCEEDED"));

  resumed.back().second = "12345";
  HttpStream stranger(gateway->Port(), kEvents, resumed);
  EXPECT_THAT(stranger.ReadUntil("}\n\n"), HasSubstr("event: snapshot\n")) << "after a gap";
}

TEST_F(EventsWay, ASealedTokenOpensAStreamToo) {
  const Console console(gateway->Port());
  const std::string token = console.SignIn(admin).body;
  HttpStream stream(gateway->Port(), kEvents, console.TokenHeaders(token));
  EXPECT_THAT(stream.ReadUntil("snapshot"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(HttpStream(gateway->Port(), kEvents, {{"Connection", "close"}}).ReadAll(), StartsWith("HTTP/1.1 403"));
  EXPECT_THAT(
      HttpStream(gateway->Port(), kEvents, {{"Connection", "close"}, {"Cookie", "iiab_session=" + token}}).ReadAll(),
      StartsWith("HTTP/1.1 403"));
}

TEST_F(EventsWay, AStreamEndsWithItsSession) {
  const HttpHeaders page = SignInForCookie(), other = SignInForCookie();
  HttpStream stream(gateway->Port(), kEvents, page), stays(gateway->Port(), kEvents, other);
  EXPECT_THAT(stream.ReadUntil("snapshot"), HasSubstr("snapshot"));
  EXPECT_EQ(Http(gateway->Port(), "POST", "/iiab-cmd-service/auth/logout", page).status, 200);
  EXPECT_THAT(stream.ReadUntil("0\r\n\r\n"), testing::EndsWith("0\r\n\r\n"));
  EXPECT_EQ(Send("TEST", page).status, 403);
  RunAJob(other);
  EXPECT_THAT(stays.ReadUntil("SUCCEEDED"), HasSubstr("SUCCEEDED")) << "another session's";
  const json::object change{{"user", "iiab-admin"}, {"oldpasswd", kPassword}, {"newpasswd", "Wq7-brunt.Oxcart"}};
  EXPECT_THAT(Send("CHGPW " + PrintJson(change), other).body, HasSubstr("Password Changed"));
  EXPECT_THAT(stays.ReadUntil("0\r\n\r\n"), testing::EndsWith("0\r\n\r\n"));
  EXPECT_EQ(Send("TEST", other).status, 403);
}

TEST_F(EventsWay, StreamsOutliveTheDaemon) {
  const HttpHeaders page = SignInForCookie();
  HttpStream stream(gateway->Port(), kEvents, page);
  stream.ReadUntil("}\n\n");
  daemon->Kill9();
  EXPECT_THAT(stream.ReadUntil("}\n\n"), HasSubstr("event: server\ndata: {\"running\": false}\n\n"));
  OrThrow(daemon->Restart());
  EXPECT_THAT(stream.ReadUntil("event: snapshot\n"), HasSubstr("event: server\ndata: {\"running\": true}\n\n"));
  RunAJob(page);
  EXPECT_THAT(stream.ReadUntil("SUCCEEDED"), HasSubstr("SUCCEEDED"));
  EXPECT_EQ(gateway->Terminate(), 0);
  EXPECT_THAT(stream.ReadUntil("0\r\n\r\n"), testing::EndsWith("0\r\n\r\n")) << "and end with the gateway at once";
}

TEST_F(EventsWay, ManyBrowsersAreOneClientOfTheServer) {
  const HttpHeaders page = SignInForCookie();
  std::vector<std::unique_ptr<HttpStream>> streams;
  for (int i = 0; i < 200; ++i) {
    HttpHeaders headers = page;
    headers.emplace_back("X-Real-IP", fmt::format("10.0.{}.{}", i / 100, i % 100));
    streams.push_back(std::make_unique<HttpStream>(gateway->Port(), kEvents, headers));
  }
  for (const auto& stream : streams) EXPECT_THAT(stream->ReadUntil("}\n\n"), HasSubstr("snapshot"));
  EXPECT_TRUE(WaitUntil([&] { return WaitingClients() == 1; }, seconds(30))) << WaitingClients();
  RunAJob(page);
  for (const auto& stream : streams) ASSERT_THAT(stream->ReadUntil("SUCCEEDED"), HasSubstr("SUCCEEDED"));
}

TEST_F(EventsWay, OneClientHasOnlySoMany) {
  const HttpHeaders page = SignInForCookie();
  std::vector<std::unique_ptr<HttpStream>> streams;
  for (int i = 0; i < 21; ++i) {
    streams.push_back(std::make_unique<HttpStream>(gateway->Port(), kEvents, page));
    streams.back()->ReadUntil("}\n\n");
  }
  EXPECT_THAT(streams[0]->ReadUntil("0\r\n\r\n"), testing::EndsWith("0\r\n\r\n")) << "the oldest gives way";
  RunAJob(page);
  EXPECT_THAT(streams[1]->ReadUntil("SUCCEEDED"), HasSubstr("SUCCEEDED"));
  EXPECT_THAT(streams[20]->ReadUntil("SUCCEEDED"), HasSubstr("SUCCEEDED"));
}

}  // namespace
}  // namespace cmdsrv::test
