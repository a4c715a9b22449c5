#pragma once

#include <string>

#include "support/box/http_text.hpp"

namespace cmdsrv::test {

struct ServerParts;

struct ControlReply {
  int status = 200;
  std::string text;
};

/// Answers /control and /control/stats (see box_server.hpp).
ControlReply Control(const HttpRequest& request, const ServerParts& parts);

}  // namespace cmdsrv::test
