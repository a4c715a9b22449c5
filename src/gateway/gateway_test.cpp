#include "gateway/gateway.hpp"

#include <gmock/gmock.h>

#include <filesystem>

#include "base/json.hpp"
#include "gateway/base64.hpp"
#include "gateway/reply_envelope.hpp"
#include "support/gateway_world.hpp"

namespace cmdsrv::gateway {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST_F(GatewayTest, KeyAndNonceAreExactTexts) {
  const auto key = Get("/iiab-cmd-service/auth/get_pubkey");
  EXPECT_EQ(key.body, KeyToBase64(keys.Public()));
  EXPECT_EQ(key.type, "text/plain");
  EXPECT_EQ(Nonce().size(), 32U);
  EXPECT_NE(Nonce(), Nonce());
  EXPECT_EQ(Get("/iiab-cmd-service/auth/refresh").body, "");
}

TEST_F(GatewayTest, OtherPathsAndMethods) {
  for (const char* path : {"/", "/iiab-cmd-service", "/iiab-cmd-service/", "/iiab-cmd-service/auth/get_nonce/",
                           "/iiab-cmd-service/auth/../cmd", "/IIAB-CMD-SERVICE/cmd", "/iiab-cmd-service/%63md", ""}) {
    EXPECT_EQ(Get(path).status, 404) << path;
  }
  EXPECT_EQ(Get("/iiab-cmd-service/cmd").status, 405);
  EXPECT_THAT(Get("/iiab-cmd-service/cmd").headers, ElementsAre(testing::Pair("Allow", "POST")));
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "get"}) {
    EXPECT_EQ(Send({.method = method, .path = "/iiab-cmd-service/auth/get_nonce"})->status, 405) << method;
  }
  const auto* head = Send({.method = "HEAD", .path = "/iiab-cmd-service/auth/get_nonce"});
  EXPECT_EQ(head->status, 200);
  EXPECT_EQ(head->body.size(), 32U);
}

TEST_F(GatewayTest, LoginAsksTheServerOnce) {
  EXPECT_EQ(Send(Login("iiab-admin:g0:adm\"1n")), nullptr);
  ASSERT_EQ(server.questions.size(), 1U);
  EXPECT_EQ(server.questions[0].command, R"(AUTHENTICATE {"user":"iiab-admin","password":"g0:adm\"1n"})");
  EXPECT_LE(server.questions[0].deadline, seconds(58));
  server.Answer(R"("VALID")");
  EXPECT_EQ(responses.back()->status, 200);
  EXPECT_EQ(responses.back()->body.size(), 43U) << "a token";
  EXPECT_EQ(Send(Login("iiab-admin:g0:adm\"1n"))->status, 200) << "known for ten minutes";
  EXPECT_THAT(server.questions, IsEmpty());
  clock.Advance(minutes(10));
  EXPECT_EQ(Send(Login("iiab-admin:g0:adm\"1n")), nullptr);
}

TEST_F(GatewayTest, ATokenStandsForThePassword) {
  Send(Login("iiab-admin:g0adm1n"));
  server.Answer(R"("VALID")");
  const std::string token = responses.back()->body;
  const auto with_token = [&](const std::string& text, const std::string& path = "/iiab-cmd-service/cmd") {
    HttpRequest request = Command("command=TEST");
    request.path = path;
    const std::string nonce = request.headers[1].second;
    request.headers[0] = {"X-IIAB-Token", Seal(text, nonce, keys.Public())};
    return request;
  };
  const auto passes = [&](const HttpRequest& request) {
    Send(request);
    if (server.questions.empty()) return false;
    EXPECT_EQ(server.questions[0].command, "TEST") << "no password is asked about";
    server.Answer("{}");
    return true;
  };
  EXPECT_TRUE(passes(with_token(token)));
  EXPECT_FALSE(passes(with_token(token + "x")));
  EXPECT_EQ(responses.back()->status, 403);
  HttpRequest bare = with_token(token);
  bare.headers[0].second = token;
  EXPECT_FALSE(passes(bare)) << "whoever has seen it at the login cannot seal it";
  const KeyPair owner = std::exchange(browser, KeyPair::Make());
  EXPECT_FALSE(passes(with_token(token))) << "another browser's key";
  browser = owner;
  HttpRequest replayed = with_token(token);
  EXPECT_TRUE(passes(replayed));
  EXPECT_FALSE(passes(replayed));
  EXPECT_EQ(Send(with_token(token, "/iiab-cmd-service/auth/logout"))->status, 200);
  EXPECT_FALSE(passes(with_token(token)));
  EXPECT_EQ(Send(with_token(token, "/iiab-cmd-service/auth/logout"))->status, 403);
}

TEST_F(GatewayTest, AnAnswerFromBeforeAChangeOfPasswordsLetsNobodyIn) {
  Send(Login("iiab-admin:g0adm1n"));
  test::Spit(box / "etc/shadow", "changed");
  server.Answer(R"("VALID")");
  EXPECT_EQ(responses.back()->status, 503);
  Send(Login("iiab-admin:g0adm1n"));
  EXPECT_EQ(server.questions.size(), 1U) << "it is asked again";
}

TEST_F(GatewayTest, ATokenEndsWithThePassword) {
  const auto token_works = [&](const std::string& token) {
    HttpRequest request = Login("x:y");
    request.headers[0] = {"X-IIAB-Token", Seal(token, request.headers[1].second, keys.Public())};
    return Send(request)->status == 200;
  };
  const auto sign_in = [&] {
    Send(Login("iiab-admin:g0adm1n"));
    if (!server.questions.empty()) server.Answer(R"("VALID")");
    return responses.back()->body;
  };
  std::string token = sign_in();
  EXPECT_TRUE(token_works(token));
  test::Spit(box / "etc/shadow", "changed");
  EXPECT_FALSE(token_works(token));
  token = sign_in();
  Told("command=CHGPW%2520%7B%7D", R"({"Success": "CHGPW Password Changed."})");
  EXPECT_FALSE(token_works(token));
  token = sign_in();
  test::Spit(box / "etc/group", "sudo:x:27:\n");
  EXPECT_FALSE(token_works(token)) << "no longer an administrator";
}

TEST_F(GatewayTest, WhatProvesNothingIsRefusedWithoutAsking) {
  const std::string nonce = Nonce();
  const auto refused = [&](const HttpRequest& request, const char* why) {
    const auto* response = Send(request);
    ASSERT_NE(response, nullptr) << why;
    EXPECT_EQ(response->status, 403) << why;
    EXPECT_EQ(response->body, "") << why;
  };
  const HttpRequest good = Login("iiab-admin:g0adm1n");
  for (const char* name : {"x-iiab-credentials", "X-IIAB-Nonce", "X-IIAB-ClientKey"}) {
    HttpRequest request = Login("iiab-admin:g0adm1n");
    std::erase_if(request.headers, [&](const auto& header) { return header.first == name; });
    refused(request, name);
    request = Login("iiab-admin:g0adm1n");
    for (auto& header : request.headers) {
      if (header.first == name) header.second += "=";
    }
    refused(request, name);
  }
  refused(Login(":"), "nobody is signed in");
  refused(Login("iiab-admin"), "no colon");
  refused(Login("iiab-admin:\xff"), "no UTF-8");
  refused({.method = "GET", .path = good.path, .headers = Headers("iiab-admin:x", ToBase64(std::string(24, 'x')))},
          "a nonce of somebody else");
  HttpRequest other = Login("iiab-admin:x");
  other.headers[0].second = Seal("iiab-admin:x", nonce, keys.Public());
  refused(other, "a box for another nonce");
  clock.Advance(seconds(120));
  refused(good, "an old nonce");
  EXPECT_THAT(server.questions, IsEmpty());
}

TEST_F(GatewayTest, ANonceIsGoodOnceWhateverCameOfIt) {
  const HttpRequest request = Login("iiab-admin:g0adm1n");
  Send(request);
  server.Answer(R"("VALID")");
  EXPECT_EQ(Send(request)->status, 403) << "replayed";
  HttpRequest broken = Login("iiab-admin:g0adm1n");
  const auto whole = broken.headers;
  broken.headers.erase(broken.headers.begin());
  EXPECT_EQ(Send(broken)->status, 403);
  broken.headers = whole;
  EXPECT_EQ(Send(broken)->status, 403) << "the failure has used it up";
}

TEST_F(GatewayTest, WhoMayNotComeInIsAskedAboutAllTheSame) {
  for (const char* credentials : {"guest:right", "nobody-knows-me:x"}) {
    EXPECT_EQ(Send(Login(credentials)), nullptr);
    server.Answer(R"("VALID")");
    EXPECT_EQ(responses.back()->status, 403) << credentials;
    Send(Login(credentials));
    EXPECT_EQ(server.questions.size(), 1U) << "nothing was remembered";
    server.Answer(R"("VALID")");
  }
}

TEST_F(GatewayTest, WrongPasswordsAreDelayedAndRightOnesNever) {
  const auto guess = [&](int i) {
    Send(Login("iiab-admin:wrong" + std::to_string(i)));
    server.Answer(R"("INVALID")");
  };
  for (int i = 0; i < 5; ++i) {
    guess(i);
    ASSERT_TRUE(responses.back()) << i;
    EXPECT_EQ(responses.back()->status, 403);
  }
  for (const int delay : {1, 2, 4, 8, 16, 30, 30}) {
    guess(delay);
    EXPECT_FALSE(responses.back());
    ASSERT_FALSE(timers.waiting.empty());
    EXPECT_EQ(timers.waiting.back().first, seconds(delay));
    auto& waiting = responses.back();
    Send(Login("iiab-admin:g0adm1n"));
    if (!server.questions.empty()) server.Answer(R"("VALID")");
    ASSERT_TRUE(responses.back());
    EXPECT_EQ(responses.back()->status, 200) << "the right password is let in at once";
    timers.RunFirst();
    ASSERT_TRUE(waiting);
    EXPECT_EQ(waiting->status, 403);
  }
}

TEST_F(GatewayTest, ARefusalComesBeforeTheProxyGivesUp) {
  for (int i = 0; i < 12; ++i) {
    Send(Login("iiab-admin:wrong" + std::to_string(i)));
    server.Answer(R"("INVALID")");
  }
  EXPECT_EQ(timers.waiting.back().first, seconds(30));
  Send(Login("iiab-admin:wrong12"));
  clock.Advance(seconds(50));  // the server keeps it back for long
  server.Answer(R"("INVALID")");
  EXPECT_EQ(timers.waiting.back().first, seconds(8)) << "of the 58";
  Send(Login("iiab-admin:wrong13"));
  clock.Advance(seconds(60));
  server.Answer(R"("INVALID")");
  ASSERT_TRUE(responses.back());
  EXPECT_EQ(responses.back()->status, 403);
}

TEST_F(GatewayTest, GuessersInACrowdAreTurnedAwayUnasked) {
  for (int i = 0; i < 20; ++i) Send(Login("iiab-admin:guess" + std::to_string(i)));
  EXPECT_EQ(server.questions.size(), 20U);
  EXPECT_EQ(Send(Login("iiab-admin:guess21"))->status, 403);
  for (int client = 1; client <= 3; ++client) {
    for (int i = 0; i < 20; ++i) {
      HttpRequest request = Login("iiab-admin:other" + std::to_string(100 * client + i));
      request.client = "10.0.1." + std::to_string(client);
      Send(request);
    }
  }
  EXPECT_EQ(server.questions.size(), 40U) << "in all";
  while (!server.questions.empty()) server.Answer(R"("INVALID")");
  EXPECT_EQ(timers.waiting.size(), 20U) << "no more than these are kept waiting";
  while (!timers.waiting.empty()) timers.RunFirst();
  Send(Login("iiab-admin:g0adm1n"));
  EXPECT_EQ(server.questions.size(), 1U) << "nobody is locked out";
}

TEST_F(GatewayTest, TheSamePairIsAskedAboutOnceAtATime) {
  for (int i = 0; i < 9; ++i) Send(Command("command=TEST"));
  ASSERT_EQ(server.questions.size(), 1U);
  server.Answer(R"("VALID")");
  EXPECT_EQ(server.questions.size(), 9U);
  for (int i = 0; i < 9; ++i) server.Answer("{}");
  for (const auto& response : responses) EXPECT_EQ(response->status, 200);
}

TEST_F(GatewayTest, ForgetsWhenPasswordsMayHaveChanged) {
  const auto is_asked = [&] {
    Send(Login("iiab-admin:g0adm1n"));
    const bool asked = !server.questions.empty();
    if (asked) server.Answer(R"("VALID")");
    return asked;
  };
  EXPECT_TRUE(is_asked());
  EXPECT_FALSE(is_asked());
  test::Spit(box / "etc/shadow", "22");
  EXPECT_TRUE(is_asked());
  gateway.ForgetCredentials();
  EXPECT_TRUE(is_asked());
  EXPECT_EQ(Told("command=CHGPW%2520%7B%7D", R"({"Error": "User or Password Incorrect. CHGPW."})"),
            R"({"Error": "User or Password Incorrect. CHGPW."})");
  EXPECT_FALSE(is_asked());
  Told("command=CHGPW%2520%7B%7D", R"({"Success": "CHGPW Password Changed."})");
  EXPECT_TRUE(is_asked());
}

TEST_F(GatewayTest, ForwardsAndWraps) {
  Send(Command("command=GET-JOB-STAT%2520%7B%22last_rowid%22%3A%25201%7D"));
  server.Answer(R"("VALID")");
  ASSERT_EQ(server.questions.size(), 1U);
  EXPECT_EQ(server.questions[0].command, R"(GET-JOB-STAT {"last_rowid": 1})");
  clock.Advance(milliseconds(12));
  server.Answer("[]");
  EXPECT_EQ(responses.back()->body, R"({"Data": [],"Resp_time": "0.0120"})");
  EXPECT_EQ(responses.back()->type, "application/json");
  EXPECT_EQ(Told("command=X", R"({"Error": "Unknown Command"})"), R"({"Error": "Unknown Command"})");
  EXPECT_EQ(Told("command=GET-VARS", "<html>"), R"({"Error": "Invalid reply from CMDSRV to GET-VARS."})");
}

TEST_F(GatewayTest, BodiesThatAreRefused) {
  EXPECT_EQ(Told("command=AUTHENTICATE%2520%7B%7D", "{}"), R"({"Error": "Invalid command.","Alert": "True"})");
  EXPECT_EQ(Told("command=STOP", "{}"), R"({"Error": "Invalid command.","Alert": "True"})");
  EXPECT_EQ(Told("TEST", "{}"), R"({"Error": "Malformed Command ."})");
  EXPECT_EQ(Told("command=%FF", "{}"), R"({"Error": "Malformed Command ."})");
  EXPECT_EQ(Told("", "{}"), R"({"Error": "Malformed Command ."})");
  Told("verb=TEST", "{}");
  EXPECT_EQ(responses.back()->status, 400);
  HttpRequest json = Command("{}");
  json.headers.back().second = "application/json";
  EXPECT_EQ(Send(json)->status, 415);
  EXPECT_THAT(server.questions, IsEmpty());
}

TEST_F(GatewayTest, BoxedCommands) {
  const auto boxed = [&](const std::string& text, bool second_nonce) {
    HttpRequest request = Command("");
    std::string nonce(request.headers[1].second);
    if (second_nonce) {
      nonce = Nonce();
      request.headers.emplace_back("X-IIAB-Command-Nonce", nonce);
    }
    std::string field = Seal(text, nonce, keys.Public());
    for (std::size_t at = 0; (at = field.find('+', at)) != std::string::npos;) field.replace(at, 1, "%2B");
    request.body = "encrypted_command=" + field;
    return request;
  };
  const auto forwarded = [&](const HttpRequest& request) -> std::string {
    Send(request);
    if (!server.questions.empty() && server.questions[0].command.starts_with("AUTH")) server.Answer(R"("VALID")");
    if (server.questions.empty()) return responses.back()->body;
    const std::string command = server.questions[0].command;
    server.Answer("{}");
    return command;
  };
  EXPECT_EQ(forwarded(boxed("CHGPW%20{\"user\":%20\"\xc3\xa4\"}", false)), "CHGPW {\"user\": \"\xc3\xa4\"}");
  EXPECT_EQ(forwarded(boxed("TEST", true)), "TEST");
  const std::string invalid = R"({"Error": "Invalid command.","Alert": "True"})";
  EXPECT_EQ(forwarded(boxed("STOP", true)), invalid);
  HttpRequest request = boxed("TEST", false);
  request.body[30] = request.body[30] == 'A' ? 'B' : 'A';
  EXPECT_EQ(forwarded(request), invalid) << "changed on its way";
  request = boxed("TEST", true);
  request.headers.back().second = ToBase64(std::string(24, 'x'));
  Send(request);
  EXPECT_EQ(responses.back()->status, 403) << "the second nonce must be one of ours too";
  config.require_separate_nonce = true;
  EXPECT_EQ(forwarded(boxed("TEST", false)), invalid);
  EXPECT_EQ(forwarded(boxed("TEST", true)), "TEST");
}

TEST_F(GatewayTest, ServerInfoNeedsNoLogin) {
  for (const char* path : {"/admin/server-info.php", "/iiab-cmd-service/server-info"}) {
    const auto* response = Send({.method = "GET", .path = path, .client = "10.0.0.9", .server = "10.0.0.1"});
    EXPECT_EQ(response->body,
              R"({"iiab_server_ip":"10.0.0.1","iiab_client_ip":"10.0.0.9","iiab_cmdsrv_running":"TRUE"})");
    EXPECT_EQ(response->type, "application/json");
  }
  trouble = "CMDSRV is not running.";
  EXPECT_THAT(Get("/admin/server-info.php").body, HasSubstr(R"("iiab_cmdsrv_running":"FALSE"})"));
  EXPECT_EQ(Get("/admin/").status, 404) << "nginx serves the pages unless a folder is given";
}

TEST_F(GatewayTest, UploadsComeFromWhereSomebodyIsSignedIn) {
  std::filesystem::create_directory(box / "uploads");
  HttpRequest upload{
      .method = "POST",
      .path = "/admin/upload-image.php",
      .headers = {{"Content-Type", "multipart/form-data; boundary=B"}, {"Host", "box.lan"}},
      .body = "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.gif\"\r\n\r\nGIF89a\r\n--B--"};
  EXPECT_THAT(Send(upload)->body, HasSubstr("Please sign in"));
  Send(Login("iiab-admin:g0adm1n"));
  server.Answer(R"("VALID")");
  EXPECT_EQ(Send(upload)->body, R"({"Success": "File uploaded."})");
  EXPECT_EQ(test::Slurp(box / "uploads/a.gif"), "GIF89a");
  HttpRequest elsewhere = upload;
  elsewhere.client = "10.0.0.6";
  EXPECT_THAT(Send(elsewhere)->body, HasSubstr("Please sign in"));
  upload.headers.emplace_back("Origin", "http://evil.example");
  EXPECT_EQ(Send(upload)->status, 403);
  upload.headers.back().second = "http://box.lan";
  EXPECT_EQ(Send(upload)->body, R"({"Success": "File uploaded."})");
  clock.Advance(minutes(10));
  EXPECT_THAT(Send(upload)->body, HasSubstr("Please sign in"));
}

TEST_F(GatewayTest, OneBudgetForThePasswordAndTheCommand) {
  config.request_timeout = seconds(20);
  Send(Command("command=TEST"));
  EXPECT_EQ(server.questions[0].deadline, seconds(20));
  clock.Advance(seconds(7));
  server.Answer(R"("VALID")");
  ASSERT_EQ(server.questions.size(), 1U);
  EXPECT_EQ(server.questions[0].deadline, seconds(13));
  server.Answer(Fail(ErrorCode::Timeout, "late"));
  EXPECT_EQ(responses.back()->status, 200);
  EXPECT_EQ(responses.back()->body, ErrorBody(kTooLate, true));
  gateway.ForgetCredentials();
  Send(Command("command=TEST"));
  server.Answer(Fail(ErrorCode::Timeout, "late"));
  EXPECT_EQ(responses.back()->body, ErrorBody(kTooLate, true)) << "the password alone took that long";
}

TEST_F(GatewayTest, AServerThatIsNotThere) {
  trouble = "CMDSRV is not running.";
  EXPECT_EQ(Send(Command("command=TEST"))->body, R"({"Error": "CMDSRV is not running.","Alert": "True"})");
  trouble = "";
  EXPECT_EQ(Told("command=TEST", Fail(ErrorCode::Unavailable, "gone")),
            R"({"Error": "Unable to reach CMDSRV.","Alert": "True"})");
  EXPECT_THAT(Told("command=TEST", Fail(ErrorCode::Timeout, "late")), HasSubstr("CMDSRV has not answered yet"));
  gateway.ForgetCredentials();
  Send(Command("command=TEST"));
  server.Answer(Fail(ErrorCode::Unavailable, "gone"));
  EXPECT_EQ(responses.back()->body, R"({"Error": "Unable to reach CMDSRV.","Alert": "True"})");
  Send(Login("iiab-admin:g0adm1n"));
  server.Answer(Fail(ErrorCode::Unavailable, "gone"));
  EXPECT_EQ(responses.back()->status, 503);
  Send(Login("iiab-admin:g0adm1n"));
  server.Answer(R"({"Error": "Unknown Command"})");
  EXPECT_EQ(responses.back()->status, 503) << "a reply that is neither VALID nor INVALID proves nothing";
}

}  // namespace
}  // namespace cmdsrv::gateway
