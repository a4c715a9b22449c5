#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "commands/services.hpp"
#include "commands/table.hpp"
#include "protocol/command.hpp"
#include "server/peer.hpp"
#include "server/workers.hpp"
#include "store/store.hpp"

namespace cmdsrv {

/// What the gates need. Everything outlives them and is safe to use from all workers.
struct GateParts {
  Services& services;
  Store& store;
  PeerRules peers;
  std::function<bool()> internet;  ///< blocks at most 5 s
  std::function<const CommandRowInfo*(std::string_view verb)> find = FindCommand;
};

/// What a Command passes on its way to the handler, in this order: grammar, table, caller, log, duplicate, internet,
/// arguments. Then the outcome is recorded and becomes the reply. Any thread.
class Gates {
 public:
  explicit Gates(GateParts parts) : parts_(std::move(parts)) {}

  /// Always gives a reply, whatever the handler does.
  Executed Pass(const Request& request);

 private:
  struct Passing;

  Executed NotParsed(const Request& request, const Error& error);
  Executed Parsed(const Request& request, const Command& command, const CommandRowInfo* row);
  Executed Known(const Passing& passing);
  Result<Outcome> AskHandler(const Passing& passing);
  Executed Finish(const Passing& passing, Result<Outcome> outcome, Reservation reservation);
  /// `answer`: what is said once the jobs are recorded; null: which one the last of them is.
  std::string Submit(const Passing& passing, JobPlan plan, Reservation reservation, Answer* answer);
  void Record(const Passing& passing);

  const GateParts parts_;
};

}  // namespace cmdsrv
