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
