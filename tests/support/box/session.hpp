#pragma once

#include <functional>
#include <string>

#include "support/box/http_text.hpp"
#include "support/box/line.hpp"
#include "support/box/misbehaviour.hpp"
#include "support/box/site.hpp"
#include "support/box/traffic.hpp"

namespace cmdsrv::test {

/// What all connections of a server share.
struct ServerParts {
  Site& site;
  RuleBook& rules;
  Traffic& traffic;
  Stalls& stalls;
};

/// Serves one connection to its end: requests one after the other, each with the faults that it meets.
class Session {
 public:
  /// `host`: the mirror's address that the client called.
  Session(Line& line, std::string host, ServerParts parts);
  void Run();

 private:
  struct Answer;

  Line& line_;
  const std::string host_;
  ServerParts parts_;
  std::string buffer_;

  /// False when the connection is to be closed.
  bool ReadRequest(HttpRequest& request);
  bool Serve(const HttpRequest& request);
  bool ServeControl(const HttpRequest& request);
  bool ServeContent(const HttpRequest& request);
  bool SendText(const HttpRequest& request, int status, std::string_view type, std::string_view text);
  bool SendBody(const HttpRequest& request, Answer& answer);
};

}  // namespace cmdsrv::test
