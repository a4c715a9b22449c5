#include "gateway/options.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <sstream>

#include "base/version.hpp"

namespace cmdsrv::gateway {
namespace {

constexpr int kUsage = 2;

std::string Beneath(const std::string& root, const std::string& given, const std::string& usual) {
  return given.empty() ? root + usual : given;
}

}  // namespace

std::variant<Options, SaidByItself> ParseArguments(int argc, const char* const* argv) {
  Options options;
  CLI::App app("Lets browsers talk to the IIAB Command Server.", "iiab-cmdsrv-gateway");
  app.set_version_flag("--version", "iiab-cmdsrv-gateway " + std::string(kVersion));
  app.add_option("--listen", options.listen, "127.0.0.1:PORT or unix:PATH; otherwise the socket that systemd passes");
  app.add_option("--root", options.root, "the box in this folder")->envname("CMDSRV_ROOT")->type_name("DIR");
  app.add_option("--socket", options.socket, "socket of the Command Server")->type_name("PATH");
  app.add_option("--config", options.config, "instead of /etc/iiab/cmdsrv-gateway.conf")->type_name("FILE");
  app.add_option("--state-directory", options.state_directory, "instead of /var/lib/iiab-cmdsrv-gateway")
      ->envname("STATE_DIRECTORY")
      ->type_name("DIR");
  app.add_option("--static", options.static_directory, "serve the files of this folder under /admin")->type_name("DIR");
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& said) {  // --help, --version
    std::ostringstream out, error;
    app.exit(said, out, error);
    return SaidByItself{0, out.str()};
  } catch (const CLI::ParseError& problem) {
    return SaidByItself{kUsage,
                        fmt::format("{}\nTo see what can be said: iiab-cmdsrv-gateway --help\n", problem.what())};
  }
  if (!options.root.empty()) {
    std::error_code failed;
    options.root = std::filesystem::canonical(options.root, failed).string();
    if (failed) return SaidByItself{kUsage, fmt::format("cannot use --root: {}\n", failed.message())};
    if (options.root == "/") options.root.clear();
  }
  options.socket = Beneath(options.root, options.socket, "/run/cmdsrv_sock");
  options.config = Beneath(options.root, options.config, "/etc/iiab/cmdsrv-gateway.conf");
  options.state_directory = Beneath(options.root, options.state_directory, "/var/lib/iiab-cmdsrv-gateway");
  return options;
}

}  // namespace cmdsrv::gateway
