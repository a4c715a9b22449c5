#include "gateway/login.hpp"

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
constexpr std::size_t kLoggedName = 40;
constexpr std::chrono::minutes kWelcome{10};
constexpr std::size_t kMostWelcomed = 1000;

}  // namespace

Login::Login(const GatewayParts& parts, NonceStore& nonces)
    : parts_(parts),
      nonces_(nonces),
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
  auto user = sessions_.Use(*token, visitor.key);
  if (!user || !parts_.accounts.MayUse(*user)) return std::nullopt;
  visitor.user = std::move(*user);
  return visitor;
}

bool Login::EndSession(const HttpRequest& request) {
  Visitor visitor;
  const auto token = OpenHeader(request, "X-IIAB-Token", visitor);
  return token && sessions_.Close(*token, visitor.key);
}

void Login::Forget() {
  cache_.Clear();
  sessions_.Clear();
}

void Login::NoticeChangedPasswords() {
  const auto before = cache_.Generation();
  cache_.ShadowIs(parts_.accounts.ShadowStamp());
  if (cache_.Generation() != before) sessions_.Clear();
}

bool Login::IsCrowded(const std::string& client) const {
  const auto found = unproven_.find(client);
  return delayed_ >= kMostDelayed || unproven_in_all_ >= kMostUnproven ||
         (found != unproven_.end() && found->second >= kMostOfClient);
}

void Login::Check(const HttpRequest& request, SteadyTime until, Done done) {
  NoticeChangedPasswords();
  if (!request.Header("X-IIAB-Credentials") && request.Header("X-IIAB-Token")) {
    auto visitor = BySession(request);
    if (!visitor) return done(Denial::Refused);
    Welcome(request.client);
    return done(std::move(*visitor));
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
  ++unproven_[request.client];
  ++unproven_in_all_;
  auto& waiting = asked_[mark];
  const bool first = waiting.empty();
  waiting.push_back({std::move(claim->visitor), request.client, std::move(done)});
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
  const auto delay = std::max(client_failures_.Note(waiting.client), user_failures_.Note(waiting.visitor.user));
  log::Warning(kGateway, "refused {} from {}", PrintableAscii(waiting.visitor.user, kLoggedName),
               PrintableAscii(waiting.client, kLoggedName));
  if (delay.count() == 0 || delayed_ >= kMostDelayed) {
    Leave(waiting.client);
    return waiting.done(Denial::Refused);
  }
  ++delayed_;
  parts_.timers.After(delay, [this, client = waiting.client, done = std::move(waiting.done)] {
    --delayed_;
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
  if (--found->second == 0) unproven_.erase(found);
}

}  // namespace cmdsrv::gateway
