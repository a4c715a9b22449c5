#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "gateway/account_rule.hpp"
#include "gateway/config.hpp"
#include "gateway/event_hub.hpp"
#include "gateway/http_message.hpp"
#include "gateway/login.hpp"
#include "gateway/nonce_store.hpp"
#include "gateway/parts.hpp"
#include "gateway/server_keys.hpp"

namespace cmdsrv::gateway {

/// The endpoints (spec gateway 3 to 9), without HTTP's own grammar. One thread: that of the loop.
class Gateway {
 public:
  Gateway(const Config& config, const GatewayParts& parts);

  /// Calls `reply` exactly once, at once or later. A request whose client went away meanwhile is answered all the same.
  void Handle(HttpRequest request, Reply reply);

  /// SIGHUP: what was confirmed is asked again.
  void ForgetCredentials() { login_.Forget(); }

 private:
  struct Posted;

  bool IsOurName(const HttpRequest& request) const;
  HttpResponse Session(const HttpRequest& request);
  HttpResponse Events(const HttpRequest& request);
  HttpResponse Welcome(const HttpRequest& request, const Visitor& visitor);
  HttpResponse Goodbye(const HttpRequest& request);
  void Page(const HttpRequest& request, const Reply& reply) const;
  HttpResponse TakeUpload(const HttpRequest& request) const;
  void Post(HttpRequest request, const Reply& reply);
  void Run(const Posted& posted);
  void Forward(std::string command, SteadyTime received, Reply reply);

  const Config& config_;
  const GatewayParts parts_;
  NonceStore nonces_;
  Login login_;
  EventHub events_;
};

}  // namespace cmdsrv::gateway
