#include <gmock/gmock.h>

#include "base/json.hpp"
#include "gateway/base64.hpp"
#include "gateway/gateway.hpp"
#include "gateway/reply_envelope.hpp"
#include "support/gateway_world.hpp"

/// Who may come in, and who guesses.
namespace cmdsrv::gateway {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::IsEmpty;

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
    if (!timers.waiting.empty()) timers.RunFirst();
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
  EXPECT_EQ(timers.waiting.size(), 10U) << "no more than these of two clients are kept waiting";
  EXPECT_EQ(Send(Login("iiab-admin:guess22"))->status, 403);
  EXPECT_EQ(server.questions.size(), 0U) << "a guesser waits for the answers first";
  HttpRequest other = Login("iiab-admin:g0adm1n");
  other.client = "10.0.1.77";
  Send(other);
  EXPECT_EQ(server.questions.size(), 1U) << "meanwhile others come in";
  server.Answer(R"("VALID")");
  while (!timers.waiting.empty()) timers.RunFirst();
  Send(Login("iiab-admin:g0adm1n2"));
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

}  // namespace
}  // namespace cmdsrv::gateway
