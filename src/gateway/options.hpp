#pragma once

#include <string>
#include <variant>

namespace cmdsrv::gateway {

struct Options {
  std::string listen;  ///< empty: the socket that systemd passes
  std::string root;    ///< absolute, without a slash at the end; empty: the real root
  std::string socket;  ///< of the server
  std::string config;
  std::string state_directory;
  std::string static_directory;  ///< empty: nginx serves the pages
};

/// What the program says instead of running: help, version, or what is wrong with its arguments.
struct SaidByItself {
  int status = 0;
  std::string text;
};

std::variant<Options, SaidByItself> ParseArguments(int argc, const char* const* argv);

}  // namespace cmdsrv::gateway
