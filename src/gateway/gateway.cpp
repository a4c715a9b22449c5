#include "gateway/gateway.hpp"

#include <algorithm>
#include <array>
#include <memory>

#include "base/json.hpp"
#include "base/log.hpp"
#include "gateway/base64.hpp"
#include "gateway/form_body.hpp"
#include "gateway/reply_envelope.hpp"
#include "gateway/static_files.hpp"
#include "gateway/upload.hpp"
#include "gateway/verb_gate.hpp"

namespace cmdsrv::gateway {
namespace {

constexpr log::Domain kGateway{"gateway"};

enum class Endpoint { PublicKey, Nonce, Login, Session, Logout, Refresh, Command, Events, ServerInfo, Upload };
struct Route {
  std::string_view path;
  Endpoint endpoint;
  std::string_view allow;
};
constexpr std::array kRoutes = {
    Route{"/iiab-cmd-service/auth/get_pubkey", Endpoint::PublicKey, "GET, HEAD"},
    Route{"/iiab-cmd-service/auth/get_nonce", Endpoint::Nonce, "GET, HEAD"},
    Route{"/iiab-cmd-service/auth/login", Endpoint::Login, "GET, HEAD"},
    Route{"/iiab-cmd-service/auth/session", Endpoint::Session, "GET, HEAD"},
    Route{"/iiab-cmd-service/auth/logout", Endpoint::Logout, "POST"},
    Route{"/iiab-cmd-service/auth/refresh", Endpoint::Refresh, "GET, HEAD"},
    Route{"/iiab-cmd-service/cmd", Endpoint::Command, "POST"},
    Route{"/iiab-cmd-service/events", Endpoint::Events, "GET"},
    Route{"/iiab-cmd-service/server-info", Endpoint::ServerInfo, "GET, HEAD"},
    Route{"/admin/server-info.php", Endpoint::ServerInfo, "GET, HEAD"},  // as the console asks
    Route{kUploadPath, Endpoint::Upload, "POST"},
};
constexpr std::string_view kPages = "/admin";

HttpResponse WrongMethod(std::string_view allow) {
  HttpResponse refusal = Refusal(405);
  refusal.headers.emplace_back("Allow", allow);
  return refusal;
}

HttpResponse ServerInfo(const HttpRequest& request, bool running) {
  return Json(PrintJson(json::object{{"iiab_server_ip", request.server},
                                     {"iiab_client_ip", request.client},
                                     {"iiab_cmdsrv_running", running ? "TRUE" : "FALSE"}}));
}

HttpResponse AnswerTo(Denial denial) {
  switch (denial) {
    case Denial::Refused: return Refusal(403);
    case Denial::Unreachable: return Json(ErrorBody(kUnreachable, true));
    case Denial::TooLate: return Json(ErrorBody(kTooLate, true));
  }
  return Refusal(403);
}

}  // namespace

/// A POST whose sender is known.
struct Gateway::Posted {
  FormCommand form;
  Visitor visitor;
  SteadyTime received;
  Reply reply;
};

Gateway::Gateway(const Config& config, const GatewayParts& parts)
    : config_(config),
      parts_(parts),
      nonces_(parts.clock),
      login_(parts, nonces_, config.cookies_over_http),
      events_(parts.clock, parts.server, parts.timers,
              [this](const SessionId& session) { return login_.GoesOn(session); }) {
  login_.OnEnd([this] { events_.EndStrangers(); });
}

/// Another name than ours may stand for a page whose site has been made to point here (DNS rebinding).
bool Gateway::IsOurName(const HttpRequest& request) const {
  if (config_.hosts.empty()) return true;
  std::string_view host = request.Header("Host").value_or("");
  const std::size_t colon = host.rfind(':');
  if (colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos) host = host.substr(0, colon);
  return std::ranges::any_of(config_.hosts, [&](const std::string& name) { return IsSameName(name, host); });
}

void Gateway::Handle(HttpRequest request, Reply reply) {
  if (!IsOurName(request)) return reply(Refusal(421));
  const auto route = std::ranges::find(kRoutes, request.path, &Route::path);
  if (route == kRoutes.end()) return Page(request, reply);
  const bool head = request.method == "HEAD";
  const bool right =
      head ? route->allow == "GET, HEAD" : request.method == route->allow.substr(0, route->allow.find(','));
  if (!right) {
    return reply(WrongMethod(route->allow));
  }
  switch (route->endpoint) {
    case Endpoint::PublicKey: parts_.keys.RotateIfDue(); return reply({.body = KeyToBase64(parts_.keys.Public())});
    case Endpoint::Nonce:
      // The length is the same, and nobody sees the text.
      return reply({.body = head ? std::string(32, '-') : nonces_.Issue(request.client)});
    case Endpoint::Refresh: return reply({});
    case Endpoint::Session: return reply(Session(request));
    case Endpoint::Logout: return reply(Goodbye(request));
    case Endpoint::Events: return reply(Events(request));
    case Endpoint::Login:
      return login_.Check(request, parts_.clock.Steady() + config_.request_timeout,
                          [this, request, reply](const Login::Verdict& verdict) {
                            const auto* denial = std::get_if<Denial>(&verdict);
                            if (denial == nullptr) return reply(Welcome(request, std::get<Visitor>(verdict)));
                            reply(Refusal(*denial == Denial::Refused ? 403 : 503));
                          });
    case Endpoint::ServerInfo: return reply(ServerInfo(request, parts_.running()));
    case Endpoint::Upload: return reply(TakeUpload(request));
    case Endpoint::Command: return Post(std::move(request), reply);
  }
}

HttpResponse Gateway::Welcome(const HttpRequest& request, const Visitor& visitor) {
  if (visitor.session) return {};  // a session that could open the next one would never end
  if (request.Header("X-IIAB-Session") != "cookie") return {.body = login_.OpenSession(visitor)};
  auto [token, forgery_text] = login_.OpenCookieSession(visitor);
  return {.body = std::move(forgery_text), .headers = {{"Set-Cookie", SessionCookie(token, request.secure)}}};
}

HttpResponse Gateway::Goodbye(const HttpRequest& request) {
  if (!login_.EndSession(request)) return Refusal(403);
  return {.headers = {{"Set-Cookie", SessionCookie("", request.secure)}}};
}

/// For a page that was loaded anew and has nothing but its cookie.
HttpResponse Gateway::Session(const HttpRequest& request) {
  const auto visitor = login_.Reader(request);
  if (!visitor) return Refusal(403);
  return Json(PrintJson(json::object{{"user", visitor->user}, {"forgery", login_.ForgeryText(*visitor->session)}}));
}

HttpResponse Gateway::Events(const HttpRequest& request) {
  const auto visitor = login_.Reader(request);
  if (!visitor) return Refusal(403);
  const auto last = request.Header("Last-Event-ID");
  auto stream = events_.Open(request.client, *visitor->session, last ? EventNumber(*last) : std::nullopt);
  if (!stream) return Refusal(503);
  // What a proxy holds back comes too late.
  return {.type = "text/event-stream", .headers = {{"X-Accel-Buffering", "no"}}, .stream = std::move(stream)};
}

void Gateway::Page(const HttpRequest& request, const Reply& reply) const {
  const std::string_view path = request.path;
  const bool ours = path.starts_with(kPages) && (path.size() == kPages.size() || path[kPages.size()] == '/');
  if (!ours || parts_.files == nullptr) return reply(Refusal(404));
  if (request.method != "GET" && request.method != "HEAD") return reply(WrongMethod("GET, HEAD"));
  const std::string_view below = path.substr(kPages.size());
  if (below.empty()) return reply({.status = 301, .headers = {{"Location", std::string(kPages) + "/"}}});
  reply(parts_.files->Answer(request, below));
}

/// The console sends no credentials here, so who has just signed in from there may do it. Another site may make the
/// same browser send a file; it cannot keep the browser from saying so.
HttpResponse Gateway::TakeUpload(const HttpRequest& request) const {
  const auto error = [](std::string_view text) { return Json(ErrorBody(text, false)); };
  if (!login_.WasHere(request.client)) return error("Please sign in before you upload a file.");
  if (!request.IsFromOwnPage()) return Refusal(403);
  if (parts_.uploads_directory.empty()) return error("Files cannot be uploaded here.");
  const auto upload = ReadUpload(request.Header("Content-Type").value_or(""), request.body);
  if (!upload) return error(upload.error().message);
  if (const auto stored = StoreUpload(parts_.uploads_directory, *upload); !stored) {
    log::Warning(kGateway, "cannot store an upload: {}", stored.error().message);
    return error(stored.error().code == ErrorCode::Refused ? stored.error().message : "The file cannot be stored.");
  }
  return Json(R"({"Success": "File uploaded."})");
}

void Gateway::Post(HttpRequest request, const Reply& reply) {
  const SteadyTime received = parts_.clock.Steady();
  if (!IsFormType(request.Header("Content-Type").value_or(""))) return reply(Refusal(415));
  if (const std::string_view trouble = parts_.presence(); !trouble.empty()) {
    return reply(Json(ErrorBody(trouble, true)));
  }
  // Held by a shared pointer, because what is kept for later must be copyable.
  auto body = std::make_shared<std::string>(std::move(request.body));
  login_.Check(request, received + config_.request_timeout, [this, body, received, reply](Login::Verdict verdict) {
    if (const auto* denial = std::get_if<Denial>(&verdict)) return reply(AnswerTo(*denial));
    auto form = ReadForm(*body);
    if (form) return Run({std::move(*form), std::get<Visitor>(std::move(verdict)), received, reply});
    if (form.error().code != ErrorCode::Malformed) return reply(Refusal(400));
    reply(Json(ErrorBody(kMalformedCommand, false)));
  });
}

void Gateway::Run(const Posted& posted) {
  const auto& [form, visitor, received, reply] = posted;
  std::optional<Secret> opened;
  if (form.encrypted && visitor.by_cookie) return reply(Json(ErrorBody(kInvalidCommand, true)));
  if (form.encrypted) {
    if (config_.require_separate_nonce && !visitor.command_nonce) {
      return reply(Json(ErrorBody(kInvalidCommand, true)));
    }
    const auto box = FromBase64(form.value, kMaxBodyBytes);
    if (box) opened = parts_.keys.Open(*box, visitor.command_nonce.value_or(visitor.nonce), visitor.key);
    if (!opened) return reply(Json(ErrorBody(kInvalidCommand, true)));
  }
  auto command = CommandText(opened ? opened->Expose() : form.value, form.blanks);
  if (!command) return reply(Json(ErrorBody(kMalformedCommand, false)));
  if (!MayPass(*command, config_.allow_stop_from_web)) return reply(Json(ErrorBody(kInvalidCommand, true)));
  Forward(std::move(*command), received, reply);
}

void Gateway::Forward(std::string command, SteadyTime received, Reply reply) {
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(received + config_.request_timeout - parts_.clock.Steady());
  const std::string verb(command, 0, std::min<std::size_t>(command.find(' '), 64));
  parts_.server.Ask(Secret(std::move(command)), left,
                    [this, verb, received, reply = std::move(reply)](const Result<std::string>& answer) {
                      if (answer) {
                        if (verb == "CHGPW" && IsSuccess(*answer)) login_.Forget();
                        return reply(Json(WrapReply(verb, *answer, parts_.clock.Steady() - received)));
                      }
                      if (answer.error().code == ErrorCode::Timeout) return reply(Json(ErrorBody(kTooLate, true)));
                      log::Warning(kGateway, "cannot forward a Command: {}", answer.error().message);
                      reply(Json(ErrorBody(kUnreachable, true)));
                    });
}

}  // namespace cmdsrv::gateway
