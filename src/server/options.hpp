#pragma once

#include <span>
#include <string>
#include <variant>

namespace cmdsrv {

/// What the command line asks for.
struct ServerOptions {
  enum class Action { Serve, CheckConfig, CheckTakeover, ListCommands, Version, Help };
  Action action = Action::Serve;
  bool daemon = false;      ///< fork into the background; otherwise stay, which is what systemd wants too
  std::string root;         ///< --root; empty: the real root
  std::string config_file;  ///< --config; empty: <CMDSRV_DIR>/cmdsrv.conf
};

/// A sentence for a person about what is wrong with the command line.
struct UsageError {
  std::string message;
};

/// `arguments` without the program's name. Prints nothing, touches nothing.
std::variant<ServerOptions, UsageError> ParseOptions(std::span<const char* const> arguments);

std::string UsageText();

}  // namespace cmdsrv
