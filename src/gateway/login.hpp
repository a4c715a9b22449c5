#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/failures.hpp"
#include "gateway/credential_cache.hpp"
#include "gateway/http_message.hpp"
#include "gateway/nonce_store.hpp"
#include "gateway/parts.hpp"
#include "gateway/session_store.hpp"

namespace cmdsrv::gateway {

/// Somebody who has proven who they are, and how to open more of their boxes.
struct Visitor {
  std::string user;
  Key key{};
  Nonce nonce{};
  std::optional<Nonce> command_nonce;  ///< a second one, for the box of the command
  std::optional<SessionId> session;    ///< when a token has proven it
  bool by_cookie = false;              ///< there are no boxes then
};

enum class Denial {
  Refused,      ///< not who they say, or not allowed: 403
  Unreachable,  ///< the server could not be asked
  TooLate,      ///< the server did not answer
};

/// Who sends this request (spec gateway 4). Knows passwords for as short as possible. One thread.
class Login {
 public:
  using Verdict = std::variant<Visitor, Denial>;
  using Done = std::function<void(Verdict)>;

  /// `cookies_over_http`: a cookie is good for Commands without HTTPS too.
  Login(const GatewayParts& parts, NonceStore& nonces, bool cookies_over_http);

  /// Uses up the nonces of the request, whatever comes of it. `done` is called once, at once or later; after a wrong
  /// password it may be much later, which takes memory and nothing else.
  void Check(const HttpRequest& request, SteadyTime until, Done done);

  /// Nothing that was proven before counts any more: passwords are asked for again, sessions end.
  void Forget();

  /// A token for X-IIAB-Token, which then stands for the password of this visitor.
  std::string OpenSession(const Visitor& visitor) { return sessions_.Open(visitor.user, visitor.key); }

  /// The same for a cookie, which belongs to no key.
  struct Cookie {
    std::string token, forgery_text;
  };
  Cookie OpenCookieSession(const Visitor& visitor);

  /// Who reads: the token of a session or its cookie, and no page of another site. Uses up the nonces of a token.
  std::optional<Visitor> Reader(const HttpRequest& request);

  /// What a page has to send beside the cookie.
  std::string ForgeryText(const SessionId& session) const { return sessions_.ForgeryText(session); }

  /// The session goes on, and its user may still come in. This is no use of it.
  bool GoesOn(const SessionId& session);

  /// Called when sessions have ended, other than by time.
  void OnEnd(std::function<void()> act) { ended_ = std::move(act); }

  /// Ends the session of the request's token or cookie; false when there is none. Uses up its nonce.
  bool EndSession(const HttpRequest& request);

  /// Somebody at this address has proven who they are within the last 10 minutes.
  bool WasHere(const std::string& client) const;

 private:
  struct Claim {
    Visitor visitor;
    Credentials credentials;
  };
  struct Waiting {
    Visitor visitor;
    std::string client;
    SteadyTime until;  ///< the answer has to be there
    Done done;
  };
  using Mark = CredentialCache::Mark;

  /// What is in the box of this header, and who sealed it. Uses up the nonces.
  std::optional<Secret> OpenHeader(const HttpRequest& request, std::string_view name, Visitor& visitor);
  std::optional<Claim> ReadClaim(const HttpRequest& request);
  std::optional<Visitor> BySession(const HttpRequest& request);
  std::optional<Visitor> ByCookie(const HttpRequest& request, bool acts);
  std::optional<Visitor> Known(const std::optional<SessionStore::Use>& session, Visitor visitor) const;
  void NoticeChangedPasswords();
  bool TakeNonces(const HttpRequest& request, Visitor& visitor);
  void AskServer(const Mark& mark, const Credentials& credentials, bool allowed, SteadyTime until);
  void Judge(const Mark& mark, bool allowed, std::uint64_t asked_in, const Result<std::string>& reply);
  void Deny(Waiting waiting);
  void Leave(const std::string& client);
  void Welcome(const std::string& client);
  bool IsCrowded(const std::string& client) const;

  const GatewayParts parts_;
  NonceStore& nonces_;
  const bool cookies_over_http_;
  CredentialCache cache_;
  SessionStore sessions_;
  std::function<void()> ended_;
  Failures client_failures_, user_failures_;
  std::map<Mark, std::vector<Waiting>> asked_;  ///< the same pair is asked about once at a time
  struct Unproven {
    std::size_t all = 0;      ///< being asked about, or kept waiting for their refusal
    std::size_t delayed = 0;  ///< of these: refused, and kept waiting
  };
  std::map<std::string, Unproven> unproven_;  ///< by client
  std::size_t unproven_in_all_ = 0;
  std::map<std::string, SteadyTime> welcomed_;  ///< addresses, and when last; a bounded number
  std::size_t delayed_ = 0;
};

/// The cookie of a session as Set-Cookie writes it; an empty token takes it away.
std::string SessionCookie(std::string_view token, bool secure);

}  // namespace cmdsrv::gateway
