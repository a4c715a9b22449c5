#include <gmock/gmock.h>

#include "base/json.hpp"
#include "gateway/gateway.hpp"
#include "support/gateway_world.hpp"

namespace cmdsrv::gateway {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;
using testing::StartsWith;

/// What a page has that was let in with a cookie.
struct CookiePage {
  std::string cookie, forgery;
};

class GatewaySessionTest : public GatewayTest {
 protected:
  static std::string HeaderOf(const HttpResponse& response, const std::string& name) {
    for (const auto& [key, value] : response.headers) {
      if (key == name) return value;
    }
    return "";
  }
  CookiePage OpenPage(bool secure = true) {
    const HttpResponse response = SignIn({{"X-IIAB-Session", "cookie"}}, secure);
    EXPECT_EQ(response.status, 200);
    const std::string set = HeaderOf(response, "Set-Cookie");
    return {set.substr(0, set.find(';')), response.body};
  }
  static HttpRequest Request(const std::string& method, const std::string& path, const CookiePage& page) {
    return {.method = method,
            .path = path,
            .headers = {{"Host", "box.lan"},
                        {"Cookie", page.cookie},
                        {"X-IIAB-Forgery", page.forgery},
                        {"Content-Type", "application/x-www-form-urlencoded"}},
            .body = "command2=TEST {}",
            .secure = true};
  }
  static HttpRequest Post(const CookiePage& page) { return Request("POST", "/iiab-cmd-service/cmd", page); }
  /// The Command reaches the server.
  bool Passes(HttpRequest request) {
    Send(std::move(request));
    if (server.questions.empty()) return false;
    EXPECT_EQ(server.questions[0].command, "TEST {}");
    server.Answer("{}");
    return responses.back()->status == 200;
  }
  static void Without(HttpRequest& request, const std::string& name) {
    std::erase_if(request.headers, [&](const auto& header) { return header.first == name; });
  }
};

TEST_F(GatewaySessionTest, ACookieIsGivenToWhoAsksForIt) {
  EXPECT_EQ(HeaderOf(SignIn(), "Set-Cookie"), "") << "the console of today gets none";
  const HttpResponse plain = SignIn({{"X-IIAB-Session", "cookie"}});
  EXPECT_THAT(HeaderOf(plain, "Set-Cookie"), StartsWith("iiab_session="));
  EXPECT_THAT(HeaderOf(plain, "Set-Cookie"),
              testing::EndsWith("; Path=/iiab-cmd-service; Max-Age=43200; HttpOnly; SameSite=Strict"));
  EXPECT_EQ(plain.body.size(), 43U);
  EXPECT_THAT(HeaderOf(plain, "Set-Cookie"), Not(HasSubstr(plain.body))) << "the page never sees the token";
  EXPECT_THAT(HeaderOf(SignIn({{"X-IIAB-Session", "cookie"}}, true), "Set-Cookie"), HasSubstr("; Secure"));
}

TEST_F(GatewaySessionTest, ACookieAndItsHeaderStandForThePassword) {
  const CookiePage page = OpenPage();
  EXPECT_TRUE(Passes(Post(page)));
  EXPECT_TRUE(Passes(Post(page))) << "no nonce is used up";
  HttpRequest boxed = Post(page);
  boxed.body = "encrypted_command=AAAA";
  Send(boxed);
  EXPECT_EQ(responses.back()->body, R"({"Error": "Invalid command.","Alert": "True"})") << "there is no key for a box";
  HttpRequest stop = Post(page);
  stop.body = "command2=AUTHENTICATE {}";
  Send(stop);
  EXPECT_EQ(responses.back()->body, R"({"Error": "Invalid command.","Alert": "True"})");
}

TEST_F(GatewaySessionTest, AnotherSiteCannotSendInItsName) {
  const CookiePage page = OpenPage(), other = OpenPage();
  HttpRequest request = Post(page);
  Without(request, "X-IIAB-Forgery");
  EXPECT_FALSE(Passes(request)) << "a form of another site";
  EXPECT_EQ(responses.back()->status, 403);
  EXPECT_FALSE(Passes(Post({page.cookie, other.forgery})));
  EXPECT_FALSE(Passes(Post({page.cookie, page.forgery + "x"})));
  EXPECT_FALSE(Passes(Post({page.cookie, ""})));
  for (const char* origin :
       {"https://evil.example", "https://box.lan.evil.example", "null", "https://box.lan:8443", ""}) {
    request = Post(page);
    request.headers.emplace_back("Origin", origin);
    EXPECT_FALSE(Passes(request)) << origin;
  }
  for (const char* site : {"cross-site", "same-site"}) {
    request = Post(page);
    request.headers.emplace_back("Sec-Fetch-Site", site);
    EXPECT_FALSE(Passes(request)) << site;
  }
  request = Post(page);
  request.headers.emplace_back("Origin", "https://box.lan");
  request.headers.emplace_back("Sec-Fetch-Site", "same-origin");
  EXPECT_TRUE(Passes(request));
}

TEST_F(GatewaySessionTest, WrongCookies) {
  const CookiePage page = OpenPage();
  EXPECT_FALSE(Passes(Post({"", page.forgery})));
  EXPECT_FALSE(Passes(Post({page.cookie + "x", page.forgery})));
  EXPECT_FALSE(Passes(Post({"iiab_session=" + std::string(4000, 'x'), page.forgery})));
  EXPECT_FALSE(Passes(Post({page.cookie + "; iiab_session=x", page.forgery}))) << "somebody has put one beside it";
  EXPECT_TRUE(Passes(Post({"a=b; " + page.cookie + "; c", page.forgery})));
  HttpRequest twice = Post(page);
  twice.headers.emplace_back("cookie", page.cookie);
  EXPECT_FALSE(Passes(twice));
  // A token that was given to be sealed is no cookie.
  const std::string token = SignIn().body;
  EXPECT_FALSE(Passes(Post({"iiab_session=" + token, page.forgery})));
}

TEST_F(GatewaySessionTest, OnPlainHttpACookieIsGoodForReadingOnly) {
  const CookiePage page = OpenPage(false);
  HttpRequest request = Post(page);
  request.secure = false;
  EXPECT_FALSE(Passes(request)) << "everybody on the way can read it";
  HttpRequest events = Request("GET", "/iiab-cmd-service/events", page);
  events.secure = false;
  EXPECT_EQ(Send(events)->status, 200);
}

TEST_F(GatewaySessionTest, APageThatIsLoadedAnewAsksForItsHeader) {
  const CookiePage page = OpenPage();
  const auto* response = Send(Request("GET", "/iiab-cmd-service/auth/session", page));
  EXPECT_EQ(response->body, fmt::format(R"({{"user":"iiab-admin","forgery":"{}"}})", page.forgery));
  HttpRequest foreign = Request("GET", "/iiab-cmd-service/auth/session", page);
  foreign.headers.emplace_back("Sec-Fetch-Site", "cross-site");
  EXPECT_EQ(Send(foreign)->status, 403);
  EXPECT_EQ(Send(Request("GET", "/iiab-cmd-service/auth/session", {}))->status, 403);
}

TEST_F(GatewaySessionTest, ACookieEndsWithLogoutAndPassword) {
  CookiePage page = OpenPage();
  HttpRequest logout = Request("POST", "/iiab-cmd-service/auth/logout", page);
  HttpRequest forged = logout;
  Without(forged, "X-IIAB-Forgery");
  EXPECT_EQ(Send(forged)->status, 403);
  EXPECT_TRUE(Passes(Post(page)));
  const auto* gone = Send(logout);
  EXPECT_EQ(gone->status, 200);
  EXPECT_THAT(HeaderOf(*gone, "Set-Cookie"), StartsWith("iiab_session=; Path=/iiab-cmd-service; Max-Age=0;"));
  EXPECT_FALSE(Passes(Post(page)));
  page = OpenPage();
  EXPECT_TRUE(Passes(Post(page)));
  test::Spit(box / "etc/shadow", "changed");
  EXPECT_FALSE(Passes(Post(page)));
  page = OpenPage();
  clock.Advance(std::chrono::hours(2));
  EXPECT_FALSE(Passes(Post(page))) << "nobody has used it";
}

TEST_F(GatewaySessionTest, ASessionOpensNoOther) {
  const std::string token = SignIn().body;
  HttpRequest by_token = Login("x:y");
  by_token.headers[0] = {"X-IIAB-Token", Seal(token, by_token.headers[1].second, keys.Public())};
  const auto* again = Send(by_token);
  EXPECT_EQ(again->status, 200);
  EXPECT_EQ(again->body, "");
  HttpRequest by_cookie = Request("GET", "/iiab-cmd-service/auth/login", OpenPage());
  by_cookie.headers.emplace_back("X-IIAB-Session", "cookie");
  const auto* page = Send(by_cookie);
  EXPECT_EQ(page->status, 200);
  EXPECT_EQ(HeaderOf(*page, "Set-Cookie"), "");
  EXPECT_EQ(page->body, "");
}

TEST_F(GatewaySessionTest, EventsAreForThoseWhoAreSignedIn) {
  EXPECT_EQ(Get("/iiab-cmd-service/events").status, 403);
  EXPECT_EQ(Send({.method = "HEAD", .path = "/iiab-cmd-service/events"})->status, 405);
  EXPECT_EQ(Send({.method = "POST", .path = "/iiab-cmd-service/events"})->status, 405);
  HttpRequest by_password = Login("iiab-admin:g0adm1n");
  by_password.path = "/iiab-cmd-service/events";
  EXPECT_EQ(Send(by_password)->status, 403) << "a stream belongs to a session";
  const CookiePage page = OpenPage();
  HttpRequest request = Request("GET", "/iiab-cmd-service/events", page);
  request.headers.emplace_back("Origin", "https://evil.example");
  EXPECT_EQ(Send(request)->status, 403);
  EXPECT_THAT(server.questions, IsEmpty());
  request.headers.pop_back();
  const HttpResponse* events = Send(request);
  ASSERT_EQ(events->status, 200);
  EXPECT_EQ(events->type, "text/event-stream");
  EXPECT_THAT(events->headers, Contains(Pair("X-Accel-Buffering", "no")));
  ASSERT_TRUE(events->stream);
  ASSERT_EQ(server.questions.size(), 1U);
  EXPECT_EQ(server.questions[0].command, "WAIT-EVENTS {}");
  const auto stream = events->stream;
  EXPECT_FALSE(stream->HasEnded());
  Send(Request("POST", "/iiab-cmd-service/auth/logout", page));
  EXPECT_TRUE(stream->HasEnded());
}

TEST_F(GatewaySessionTest, ASealedTokenOpensEventsToo) {
  const std::string token = SignIn().body;
  HttpRequest request = Login("x:y");
  request.path = "/iiab-cmd-service/events";
  request.headers[0] = {"X-IIAB-Token", Seal(token, request.headers[1].second, keys.Public())};
  request.headers.emplace_back("Last-Event-ID", "481036337153");
  const HttpResponse* events = Send(request);
  ASSERT_TRUE(events->stream);
  EXPECT_EQ(server.questions[0].command, R"(WAIT-EVENTS {"since": 481036337153, "timeout": 50})");
  const auto stream = events->stream;
  test::Spit(box / "etc/shadow", "changed");
  Get("/iiab-cmd-service/events");  // whoever asks next
  EXPECT_TRUE(stream->HasEnded());
}

TEST_F(GatewaySessionTest, NamesThatAreNotOurs) {
  const auto status = [&](const std::string& host) {
    return Send({.method = "GET", .path = "/iiab-cmd-service/auth/get_nonce", .headers = {{"Host", host}}})->status;
  };
  EXPECT_EQ(status("evil.example"), 200) << "whatever the box is called";
  config.hosts = {"box.lan", "[fe80::1]"};
  for (const char* host : {"box.lan", "BOX.lan:8080", "[fe80::1]", "[fe80::1]:80"})
    EXPECT_EQ(status(host), 200) << host;
  for (const char* host : {"evil.example", "box.lan.evil.example", "xbox.lan", "", ":80"}) EXPECT_EQ(status(host), 421);
}

}  // namespace
}  // namespace cmdsrv::gateway
