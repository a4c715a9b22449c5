#include <errno.h>
#include <sys/resource.h>
#include <time.h>

#include <fmt/format.h>

#include "base/clock.hpp"
#include "ctl/client_asker.hpp"
#include "ctl/command_line.hpp"
#include "ctl/session.hpp"
#include "ctl/subcommands.hpp"

namespace cmdsrv::ctl {
namespace {

class SystemPauser final : public Pauser {
 public:
  void Pause(std::chrono::milliseconds duration) override {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration);
    timespec left{.tv_sec = seconds.count(), .tv_nsec = (duration - seconds).count() * 1'000'000};
    while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR) continue;
  }
};

int Main(int argc, const char* const* argv) {
  constexpr rlimit kNoCore{};
  setrlimit(RLIMIT_CORE, &kNoCore);  // a Command may hold a password

  StandardScreen screen;
  const auto parsed = ParseArguments(argc, argv);
  if (const auto* said = std::get_if<SaidByItself>(&parsed)) {
    said->status == kDone ? screen.Out(said->text) : screen.Error(said->text);
    return said->status;
  }
  const Options& options = std::get<Options>(parsed);
  const ServerFiles files = FindServerFiles(options);
  ClientAsker server(files.socket);
  const Clock clock;
  SystemPauser pauser;
  Session session{options, files, server, screen, clock, pauser, options.timeout.value_or(kReplyTime)};
  const int status = Run(session);
  if (screen.FirstError() != 0) {
    screen.Error(fmt::format("cannot write to standard output: {}\n", Reason(screen.FirstError())));
    return status == kDone ? kRefused : status;
  }
  return status;
}

}  // namespace
}  // namespace cmdsrv::ctl

int main(int argc, char** argv) { return cmdsrv::ctl::Main(argc, argv); }
