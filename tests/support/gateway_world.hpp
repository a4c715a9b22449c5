#pragma once

#include <gmock/gmock.h>
#include <sodium.h>

#include <deque>
#include <filesystem>

#include "gateway/base64.hpp"
#include "gateway/gateway.hpp"
#include "support/scratch.hpp"

/// The endpoints of the gateway without HTTP, with a Command Server whose answers the test gives.
namespace cmdsrv::gateway {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

/// A Command Server whose answers the test gives when it likes.
class FakeServer final : public Server {
 public:
  struct Question {
    std::string command;
    milliseconds deadline;
    Done done;
  };
  void Ask(Secret command, milliseconds deadline, Done done) override {
    questions.push_back({std::string(command.Expose()), deadline, std::move(done)});
  }
  void Answer(Result<std::string> reply) {
    const Question question = std::move(questions.front());
    questions.pop_front();
    question.done(std::move(reply));
  }
  std::deque<Question> questions;
};

class FakeTimers final : public Timers {
 public:
  void After(milliseconds delay, std::function<void()> act) override { waiting.emplace_back(delay, std::move(act)); }
  void RunFirst() {
    const auto act = std::move(waiting.front().second);
    waiting.pop_front();
    act();
  }
  std::deque<std::pair<milliseconds, std::function<void()>>> waiting;
};

class GatewayTest : public testing::Test {
 protected:
  GatewayTest() {
    std::filesystem::create_directory(box / "etc");
    test::Spit(box / "etc/passwd", "iiab-admin:x:1000:1000::/:/bin/sh\nguest:x:1001:1001::/:/bin/sh\n");
    test::Spit(box / "etc/group", "sudo:x:27:iiab-admin\n");
    test::Spit(box / "etc/shadow", "1");
  }

  HttpResponse* Send(HttpRequest request) {
    auto& slot = responses.emplace_back();
    if (request.client.empty()) request.client = "10.0.0.5";
    gateway.Handle(std::move(request), [&slot](HttpResponse response) {
      EXPECT_FALSE(slot) << "answered twice";
      slot = std::move(response);
    });
    return slot ? &*slot : nullptr;
  }
  HttpResponse Get(const std::string& path) {
    const auto* response = Send({.method = "GET", .path = path});
    return response == nullptr ? HttpResponse{.status = -1} : *response;
  }
  std::string Seal(std::string_view text, const std::string& nonce, const Key& to) const {
    std::string box_text(text.size() + crypto_box_MACBYTES, '\0');
    const std::string bytes = FromBase64(nonce, 24).value();
    EXPECT_EQ(
        crypto_box_easy(reinterpret_cast<unsigned char*>(box_text.data()),
                        reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                        reinterpret_cast<const unsigned char*>(bytes.data()), to.data(), browser.ExposeSecret().data()),
        0);
    return ToBase64(box_text);
  }
  std::string Nonce() { return Get("/iiab-cmd-service/auth/get_nonce").body; }
  std::vector<std::pair<std::string, std::string>> Headers(const std::string& credentials, const std::string& nonce) {
    return {{"x-iiab-credentials", Seal(credentials, nonce, keys.Public())},
            {"X-IIAB-Nonce", nonce},
            {"X-IIAB-ClientKey", KeyToBase64(browser.Public())},
            {"Content-Type", "application/x-www-form-urlencoded; charset=UTF-8"}};
  }
  HttpRequest Login(const std::string& credentials) {
    return {.method = "GET", .path = "/iiab-cmd-service/auth/login", .headers = Headers(credentials, Nonce())};
  }
  HttpRequest Command(const std::string& body, const std::string& credentials = "iiab-admin:g0adm1n") {
    return {.method = "POST", .path = "/iiab-cmd-service/cmd", .headers = Headers(credentials, Nonce()), .body = body};
  }
  /// Sends it with a right password and gives this reply of the server.
  std::string Told(const std::string& body, Result<std::string> reply) {
    HttpRequest request = Command(body);
    Send(std::move(request));
    if (!server.questions.empty() && server.questions.front().command.starts_with("AUTHENTICATE")) {
      server.Answer(R"("VALID")");
    }
    if (!server.questions.empty()) server.Answer(std::move(reply));
    return responses.back() ? responses.back()->body : "(none)";
  }

  /// Signs in with a right password; the reply.
  HttpResponse SignIn(std::vector<std::pair<std::string, std::string>> more = {}, bool secure = false) {
    HttpRequest request = Login("iiab-admin:g0adm1n");
    request.headers.insert(request.headers.end(), more.begin(), more.end());
    request.secure = secure;
    Send(std::move(request));
    if (!server.questions.empty() && server.questions.back().command.starts_with("AUTHENTICATE")) {
      server.Answer(R"("VALID")");
    }
    return responses.back().value_or(HttpResponse{.status = -1});
  }

  bool ready = InitialiseCrypto();
  test::ScratchDirectory box;
  ManualClock clock;
  Config config;
  FakeServer server;
  FakeTimers timers;
  ServerKeys keys{box / "state/gateway.key", clock};
  AccountRule accounts{box.Path(), {"sudo", "iiab-admin"}};
  std::string_view trouble;
  Gateway gateway{config,
                  {.clock = clock,
                   .server = server,
                   .timers = timers,
                   .keys = keys,
                   .accounts = accounts,
                   .presence = [this] { return trouble; },
                   .running = [this] { return trouble.empty(); },
                   .uploads_directory = box / "uploads"}};
  KeyPair browser = KeyPair::Make();
  std::deque<std::optional<HttpResponse>> responses;
};

}  // namespace cmdsrv::gateway
