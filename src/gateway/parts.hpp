#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "gateway/account_rule.hpp"
#include "gateway/server_keys.hpp"

namespace cmdsrv::gateway {

/// Asks the Command Server; `done` is called later, exactly once, on the thread that asked.
class Server {
 public:
  using Done = std::function<void(Result<std::string>)>;
  virtual ~Server() = default;
  virtual void Ask(Secret command, std::chrono::milliseconds deadline, Done done) = 0;
};

/// Calls `act` on the same thread when the time has passed.
class Timers {
 public:
  virtual ~Timers() = default;
  virtual void After(std::chrono::milliseconds delay, std::function<void()> act) = 0;
};

/// "" when the server can be asked, otherwise the sentence that says why not.
using Presence = std::function<std::string_view()>;

class StaticFiles;

/// What the gateway stands on. Everything outlives it.
struct GatewayParts {
  const Clock& clock;
  Server& server;
  Timers& timers;
  ServerKeys& keys;
  const AccountRule& accounts;
  Presence presence;
  std::function<bool()> running;       ///< for the page's first question: is the server there at all?
  std::string uploads_directory = {};  ///< of icons; empty: nothing may be uploaded
  const StaticFiles* files = nullptr;  ///< under /admin; none: nginx serves them
};

}  // namespace cmdsrv::gateway
