#include <cstdio>
#include <exception>

#include "base/json.hpp"
#include "base/version.hpp"
#include "commands/table.hpp"
#include "server/daemon.hpp"
#include "server/options.hpp"

namespace {

int Act(const cmdsrv::ServerOptions& options) {
  using Action = cmdsrv::ServerOptions::Action;
  switch (options.action) {
    case Action::Serve: return cmdsrv::Serve(options);
    case Action::CheckConfig: return cmdsrv::CheckConfig(options);
    case Action::CheckTakeover: return cmdsrv::CheckTakeover(options);
    case Action::ListCommands:
      std::fputs(cmdsrv::PrintJsonIndented(cmdsrv::DescribeCommands()).c_str(), stdout);
      return 0;
    case Action::Version: std::printf("iiab-cmdsrv %s\n", std::string(cmdsrv::kVersion).c_str()); return 0;
    case Action::Help: std::fputs(cmdsrv::UsageText().c_str(), stdout); return 0;
  }
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const auto parsed = cmdsrv::ParseOptions({argv + 1, argv + (argc > 0 ? argc : 1)});
    if (const auto* wrong = std::get_if<cmdsrv::UsageError>(&parsed)) {
      std::fprintf(stderr, "iiab-cmdsrv: %s\n%s", wrong->message.c_str(), cmdsrv::UsageText().c_str());
      return 2;
    }
    return Act(std::get<cmdsrv::ServerOptions>(parsed));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "iiab-cmdsrv: %s\n", error.what());
    return 1;
  }
}
