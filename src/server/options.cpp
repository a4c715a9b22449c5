#include "server/options.hpp"

#include <getopt.h>

#include <array>
#include <vector>

#include <fmt/format.h>

namespace cmdsrv {
namespace {

constexpr std::array kLongOptions = {
    option{"foreground", no_argument, nullptr, 'f'},    option{"daemon", no_argument, nullptr, 'd'},
    option{"root", required_argument, nullptr, 'r'},    option{"config", required_argument, nullptr, 'c'},
    option{"check-config", no_argument, nullptr, 'k'},  option{"check-takeover", no_argument, nullptr, 't'},
    option{"list-commands", no_argument, nullptr, 'l'}, option{"version", no_argument, nullptr, 'v'},
    option{"help", no_argument, nullptr, 'h'},          option{nullptr, 0, nullptr, 0},
};

UsageError Wrong(int code, const char* argument) {
  const std::string shown = argument == nullptr ? "" : argument;
  if (code == ':') return {fmt::format("option {} needs a value", shown)};
  return {fmt::format("there is no option {}, or it takes no value", shown)};
}

}  // namespace

std::variant<ServerOptions, UsageError> ParseOptions(std::span<const char* const> arguments) {
  std::vector<char*> argv{const_cast<char*>("iiab-cmdsrv")};  // getopt reads the texts and never writes to them
  for (const char* argument : arguments) argv.push_back(const_cast<char*>(argument));
  argv.push_back(nullptr);
  const int argc = static_cast<int>(argv.size()) - 1;

  ServerOptions options;
  bool foreground = false;
  optind = 0;  // begin anew, as GNU getopt understands it
  int code = 0;
  // '+': the first operand ends the options; ':' : we print the messages ourselves.
  while ((code = ::getopt_long(argc, argv.data(), "+:", kLongOptions.data(), nullptr)) != -1) {
    switch (code) {
      case 'f': foreground = true; break;
      case 'd': options.daemon = true; break;
      case 'r': options.root = optarg; break;
      case 'c': options.config_file = optarg; break;
      case 'k': options.action = ServerOptions::Action::CheckConfig; break;
      case 't': options.action = ServerOptions::Action::CheckTakeover; break;
      case 'l': options.action = ServerOptions::Action::ListCommands; break;
      case 'v': options.action = ServerOptions::Action::Version; break;
      case 'h': options.action = ServerOptions::Action::Help; break;
      default: return Wrong(code, argv[static_cast<std::size_t>(optind) - 1]);
    }
    if ((code == 'r' || code == 'c') && *optarg == '\0') return UsageError{"--root and --config need a path"};
  }
  if (optind < argc) {
    return UsageError{
        fmt::format("there are no operands, but \"{}\" was given", argv[static_cast<std::size_t>(optind)])};
  }
  if (foreground && options.daemon) return UsageError{"--foreground and --daemon exclude each other"};
  return options;
}

std::string UsageText() {
  return R"(usage: iiab-cmdsrv [--foreground | --daemon] [--root DIR] [--config FILE]
       iiab-cmdsrv --check-config | --check-takeover [--root DIR] [--config FILE]
       iiab-cmdsrv --list-commands | --version | --help

The Command Server of the Internet-in-a-Box Admin Console.

  --foreground     stay in the foreground and print each log line on standard error as well (default)
  --daemon         go into the background; returns when the server is ready
  --root DIR       put DIR before every absolute path: a whole box in one folder
  --config FILE    read FILE instead of cmdsrv.conf in the directory CMDSRV_DIR (default /opt/admin/cmdsrv)
  --check-config   say what is wrong with the configuration; exit status 1 when it cannot be used
  --check-takeover say what taking over from the Python program will do here, and do nothing; exit status 1 when
                   something is in the way
  --list-commands  print every verb with its parameters as JSON
  --version        print the version
  --help           print this text

exit status: 0 stopped in order, 1 cannot start (or another server runs), 2 wrong usage
)";
}

}  // namespace cmdsrv
