#pragma once

#include <optional>
#include <string>
#include <variant>

#include "ctl/options.hpp"

namespace cmdsrv::ctl {

/// Nothing is to be done any more: print `text` and end with `status`.
struct SaidByItself {
  int status = 0;  ///< 0: help or version, on standard output; 2: wrong usage, on standard error
  std::string text;
};

/// Reads the command line. CMDSRV_ROOT in the environment stands for --root.
std::variant<Options, SaidByItself> ParseArguments(int argc, const char* const* argv);

}  // namespace cmdsrv::ctl
