#include "gateway/login.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include "base/log.hpp"
#include "base/text.hpp"
#include "gateway/base64.hpp"

namespace cmdsrv::gateway {
namespace {

constexpr log::Domain kGateway{"gateway"};
constexpr std::size_t kLongestBox = 3072;  // base64 of it fills the longest header value
constexpr std::size_t kMostDelayed = 20;   // refusals that are kept back
constexpr std::size_t kMostUnproven = 40;  // of the 64 requests in progress: guessers leave room for the others
constexpr std::size_t kMostOfClient = 20;  // two consoles that start at once
constexpr std::size_t kMostOfGuesser = 5;  // once one of them was wrong, so that no guesser takes the room of others
constexpr std::size_t kLoggedName = 40;
constexpr std::chrono::minutes kWelcome{10};
constexpr std::size_t kMostWelcomed = 1000;
constexpr std::string_view kCookie = "iiab_session";
constexpr std::size_t kLongestToken = 64;

/// The cookie's token. Two of the name mean that somebody else has put one there: none counts.
std::optional<Secret> CookieToken(const HttpRequest& request) {
  std::optional<Secret> token;
  for (const auto& [name, value] : request.headers) {
    if (!IsSameName(name, "Cookie")) continue;
    for (const std::string_view pair : Split(value, ';')) {
      const std::size_t equals = pair.find('=');
      if (equals == std::string_view::npos || Trim(pair.substr(0, equals)) != kCookie) continue;
      const std::string_view text = Trim(pair.substr(equals + 1));
      if (token || text.size() > kLongestToken) return std::nullopt;
      token.emplace(std::string(text));
    }
  }
  return token;
}

}  // namespace

Login::Login(const GatewayParts& parts, NonceStore& nonces, bool cookies_over_http)
    : parts_(parts),
      nonces_(nonces),
      cookies_over_http_(cookies_over_http),
      cache_(parts.clock),
      sessions_(parts.clock),
      client_failures_(parts.clock),
      user_failures_(parts.clock) {}

bool Login::TakeNonces(const HttpRequest& request, Visitor& visitor) {
  bool good = false;
  if (const auto text = request.Header("X-IIAB-Nonce")) good = nonces_.Take(*text, visitor.nonce);
  if (const auto text = request.Header("X-IIAB-Command-Nonce")) {
    good = nonces_.Take(*text, visitor.command_nonce.emplace()) && good;
  }
  return good;
}

std::optional<Secret> Login::OpenHeader(const HttpRequest& request, std::string_view name, Visitor& visitor) {
  if (!TakeNonces(request, visitor)) return std::nullopt;
  const auto key_text = request.Header("X-IIAB-ClientKey");
  const auto box_text = request.Header(name);
  if (!key_text || !box_text) return std::nullopt;
  const auto key = KeyFromBase64(*key_text);
  const auto box = FromBase64(*box_text, kLongestBox);
  if (!key || !box) return std::nullopt;
  visitor.key = *key;
  return parts_.keys.Open(*box, visitor.nonce, *key);
}

/// Everything that can be judged without the server. Nothing: the request proves nothing, and is no guess either.
std::optional<Login::Claim> Login::ReadClaim(const HttpRequest& request) {
  Visitor visitor;
  const auto plain = OpenHeader(request, "X-IIAB-Credentials", visitor);
  if (!plain) return std::nullopt;
  auto credentials = SplitCredentials(*plain);
  // A console that nobody is signed in to sends ":".
  if (!credentials || credentials->user.empty()) return std::nullopt;
  visitor.user = credentials->user;
  return Claim{std::move(visitor), std::move(*credentials)};
}

/// The token comes in a box: whoever listens sees it at the login, but has not the key to seal it.
std::optional<Visitor> Login::BySession(const HttpRequest& request) {
  Visitor visitor;
  const auto token = OpenHeader(request, "X-IIAB-Token", visitor);
  if (!token) return std::nullopt;
  const auto session = sessions_.Find(*token, visitor.key);
  return Known(session, std::move(visitor));
}

std::optional<Visitor> Login::Known(const std::optional<SessionStore::Use>& session, Visitor visitor) const {
  if (!session || !parts_.accounts.MayUse(session->user)) return std::nullopt;
  visitor.user = session->user;
  visitor.session = session->id;
  return visitor;
}

/// A browser sends a cookie along whoever has made it send the request. So who `acts` has to send what only a page of
/// ours can know. And on plain HTTP everybody on the way can read the cookie: it is good for reading there, not for
/// Commands.
std::optional<Visitor> Login::ByCookie(const HttpRequest& request, bool acts) {
  const auto token = CookieToken(request);
  if (!token || !request.IsFromOwnPage()) return std::nullopt;
  const auto session = sessions_.Find(*token, std::nullopt);
  if (!session) return std::nullopt;
  if (acts) {
    const std::string expected = sessions_.ForgeryText(session->id);
    const auto sent = request.Header("X-IIAB-Forgery");
    if (!sent || sent->size() != expected.size() ||
        sodium_memcmp(sent->data(), expected.data(), expected.size()) != 0) {
      return std::nullopt;
    }
  }
  Visitor visitor;
  visitor.by_cookie = true;
  return Known(session, std::move(visitor));
}

Login::Cookie Login::OpenCookieSession(const Visitor& visitor) {
  std::string token = sessions_.Open(visitor.user, std::nullopt);
  const auto session = sessions_.Find(Secret(token), std::nullopt);
  return {std::move(token), sessions_.ForgeryText(session->id)};
}

std::optional<Visitor> Login::Reader(const HttpRequest& request) {
  NoticeChangedPasswords();
  return request.Header("X-IIAB-Token") ? BySession(request) : ByCookie(request, false);
}

bool Login::GoesOn(const SessionId& session) {
  NoticeChangedPasswords();
  const auto user = sessions_.UserOf(session);
  return user && parts_.accounts.MayUse(*user);
}

bool Login::EndSession(const HttpRequest& request) {
  const auto visitor = request.Header("X-IIAB-Token") ? BySession(request) : ByCookie(request, true);
  if (!visitor || !sessions_.Close(*visitor->session)) return false;
  if (ended_) ended_();
  return true;
}

void Login::Forget() {
  cache_.Clear();
  sessions_.Clear();
  if (ended_) ended_();
}

void Login::NoticeChangedPasswords() {
  const auto before = cache_.Generation();
  cache_.ShadowIs(parts_.accounts.ShadowStamp());
  if (cache_.Generation() == before) return;
  sessions_.Clear();
  if (ended_) ended_();
}

bool Login::IsCrowded(const std::string& client) const {
  if (unproven_in_all_ >= kMostUnproven) return true;
  const auto found = unproven_.find(client);
  if (found == unproven_.end()) return false;
  return found->second.all >= (found->second.delayed > 0 ? kMostOfGuesser : kMostOfClient);
}

void Login::Check(const HttpRequest& request, SteadyTime until, Done done) {
  NoticeChangedPasswords();
  if (!request.Header("X-IIAB-Credentials")) {
    const bool by_token = request.Header("X-IIAB-Token").has_value();
    const bool cookie_counts = request.secure || cookies_over_http_;
    auto visitor = by_token ? BySession(request) : cookie_counts ? ByCookie(request, true) : std::nullopt;
    if (visitor) {
      Welcome(request.client);
      return done(std::move(*visitor));
    }
    if (by_token) return done(Denial::Refused);
  }
  auto claim = ReadClaim(request);
  if (!claim) return done(Denial::Refused);
  const Mark mark = cache_.MarkOf(claim->credentials);
  const bool allowed = parts_.accounts.MayUse(claim->visitor.user);
  if (allowed && cache_.Knows(mark)) {
    Welcome(request.client);
    return done(std::move(claim->visitor));
  }
  if (IsCrowded(request.client)) return done(Denial::Refused);
  ++unproven_[request.client].all;
  ++unproven_in_all_;
  auto& waiting = asked_[mark];
  const bool first = waiting.empty();
  waiting.push_back({std::move(claim->visitor), request.client, until, std::move(done)});
  // Whoever may not come in is asked about too: the time of the answer must not tell which accounts exist.
  if (first) AskServer(mark, claim->credentials, allowed, until);
}

void Login::AskServer(const Mark& mark, const Credentials& credentials, bool allowed, SteadyTime until) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - parts_.clock.Steady());
  parts_.server.Ask(AuthenticateCommand(credentials), left,
                    [this, mark, allowed, asked_in = cache_.Generation()](const Result<std::string>& reply) {
                      Judge(mark, allowed, asked_in, reply);
                    });
}

void Login::Judge(const Mark& mark, bool allowed, std::uint64_t asked_in, const Result<std::string>& reply) {
  auto node = asked_.extract(mark);
  if (node.empty()) return;
  NoticeChangedPasswords();
  // What was right before a change says nothing about now, and must not open a session either.
  const bool stale = asked_in != cache_.Generation();
  const bool valid = reply && *reply == R"("VALID")" && !stale;
  const bool judged = valid || (reply && *reply == R"("INVALID")");
  if (stale) {
    log::Warning(kGateway, "cannot check a password: passwords were changed meanwhile");
  } else if (!judged) {
    log::Warning(kGateway, "cannot check a password: {}", reply ? "the reply is none" : reply.error().message);
  }
  if (valid && allowed) cache_.Remember(mark, asked_in);
  for (Waiting& waiting : node.mapped()) {
    if (judged && !(valid && allowed)) {
      Deny(std::move(waiting));
      continue;
    }
    Leave(waiting.client);
    if (judged) {
      Welcome(waiting.client);
      waiting.done(std::move(waiting.visitor));
    } else {
      const bool late = !reply && reply.error().code == ErrorCode::Timeout;
      waiting.done(late ? Denial::TooLate : Denial::Unreachable);
    }
  }
}

void Login::Deny(Waiting waiting) {
  std::chrono::milliseconds delay =
      std::max(client_failures_.Note(waiting.client), user_failures_.Note(waiting.visitor.user));
  // The server has kept its answer back too; together that must not outlast the patience of a proxy.
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(waiting.until - parts_.clock.Steady());
  delay = std::clamp(delay, std::chrono::milliseconds(0), std::max(left, std::chrono::milliseconds(0)));
  log::Warning(kGateway, "refused {} from {}", PrintableAscii(waiting.visitor.user, kLoggedName),
               PrintableAscii(waiting.client, kLoggedName));
  std::size_t& of_client = unproven_.at(waiting.client).delayed;
  if (delay.count() == 0 || delayed_ >= kMostDelayed || of_client >= kMostOfGuesser) {
    Leave(waiting.client);
    return waiting.done(Denial::Refused);
  }
  ++delayed_;
  ++of_client;
  parts_.timers.After(delay, [this, client = waiting.client, done = std::move(waiting.done)] {
    --delayed_;
    --unproven_.at(client).delayed;
    Leave(client);
    done(Denial::Refused);
  });
}

void Login::Welcome(const std::string& client) {
  const SteadyTime now = parts_.clock.Steady();
  if (welcomed_.size() >= kMostWelcomed) {
    std::erase_if(welcomed_, [&](const auto& one) { return now - one.second >= kWelcome; });
    if (welcomed_.size() >= kMostWelcomed) welcomed_.clear();  // they are known again with their next request
  }
  welcomed_.insert_or_assign(client, now);
}

bool Login::WasHere(const std::string& client) const {
  const auto found = welcomed_.find(client);
  return found != welcomed_.end() && parts_.clock.Steady() - found->second < kWelcome;
}

void Login::Leave(const std::string& client) {
  --unproven_in_all_;
  const auto found = unproven_.find(client);
  if (--found->second.all == 0) unproven_.erase(found);
}

std::string SessionCookie(std::string_view token, bool secure) {
  return fmt::format("{}={}; Path=/iiab-cmd-service; Max-Age={}; HttpOnly; SameSite=Strict{}", kCookie, token,
                     token.empty() ? 0 : kSessionLongest.count(), secure ? "; Secure" : "");
}

}  // namespace cmdsrv::gateway
