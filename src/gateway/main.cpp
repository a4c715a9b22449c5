#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "base/log.hpp"
#include "client/async_client.hpp"
#include "gateway/gateway.hpp"
#include "gateway/http_server.hpp"
#include "gateway/listen_socket.hpp"
#include "gateway/loop.hpp"
#include "gateway/options.hpp"
#include "gateway/reply_envelope.hpp"
#include "gateway/server_presence.hpp"
#include "gateway/static_files.hpp"
#include "gateway/upload.hpp"

namespace cmdsrv::gateway {
namespace {

constexpr log::Domain kGateway{"gateway"};
constexpr std::chrono::seconds kGrace{10};  // for requests in progress at the end

/// Carries questions to the client's thread and answers back to the loop.
class LoopedServer final : public Server {
 public:
  LoopedServer(Loop& loop, std::string socket) : loop_(loop), client_(std::move(socket)) {}

  void Ask(Secret command, std::chrono::milliseconds deadline, Done done) override {
    client_.Ask(std::move(command), deadline, [this, done = std::move(done)](Result<std::string> reply) {
      loop_.Post([done, reply = std::move(reply)] { done(reply); });
    });
  }

 private:
  Loop& loop_;
  AsyncClient client_;
};

/// The signals of the program come through a descriptor, so that they are handled between two requests.
Result<int> SignalDescriptor() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, number);
  if (sigprocmask(SIG_BLOCK, &signals, nullptr) != 0) return FailFromErrno(errno, "block signals");
  const int fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  if (fd < 0) return FailFromErrno(errno, "receive signals");
  return fd;
}

void KeepSecrets() {
  constexpr rlimit kNoCore{};
  setrlimit(RLIMIT_CORE, &kNoCore);
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  signal(SIGPIPE, SIG_IGN);
}

/// Each browser that listens to events has a descriptor; the usual soft limit of 1024 is for programs that use select.
void AllowDescriptors() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 4096);
  setrlimit(RLIMIT_NOFILE, &limit);
}

Result<void> Serve(const Options& options) {
  const auto config = ReadConfig(options.config);
  if (!config) return Failure(config.error());
  const auto signals = SignalDescriptor();  // before any thread exists
  if (!signals) return Failure(signals.error());
  auto listening = options.listen.empty() ? ListenAsActivated() : Listen(options.listen);
  if (!listening) return Failure(listening.error());
  auto loop = Loop::Make();
  if (!loop) return Failure(loop.error());

  const Clock clock;
  const AccountRule accounts(options.root, {"sudo", config->admin_console_group});
  ServerKeys keys(options.state_directory + "/gateway.key", clock);
  LoopedServer server(**loop, options.socket);
  const ServerPresence presence(options.root + config->cmdsrv_pid_file, options.root + config->cmdsrv_ready_file);
  std::optional<StaticFiles> files;
  if (!options.static_directory.empty()) {
    auto opened = StaticFiles::Of(options.static_directory);
    if (!opened) return Failure(opened.error());
    files = std::move(*opened);
  }
  Gateway gateway(*config, {.clock = clock,
                            .server = server,
                            .timers = **loop,
                            .keys = keys,
                            .accounts = accounts,
                            .presence = [&presence] { return presence.Trouble(); },
                            .running = [&presence] { return presence.IsRunning(); },
                            .uploads_directory = options.root + config->uploads_directory,
                            .files = files ? &*files : nullptr});
  const bool proxied = listening->is_unix || config->trust_proxy;
  const auto handle = [&gateway](HttpRequest request, Reply reply) {
    gateway.Handle(std::move(request), std::move(reply));
  };
  // A little more than the picture: the form around it.
  const HttpLimits limits{.large_path = std::string(kUploadPath), .large_bytes = kMaxUploadBytes + 4096};
  auto http = HttpServer::Start(**loop, listening->fd, proxied, handle, limits);
  if (!http) return Failure(http.error());

  bool ending = false;
  const auto watched = (*loop)->Watch(*signals, [&] {
    signalfd_siginfo info{};
    while (read(*signals, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
      if (info.ssi_signo == SIGHUP) {
        gateway.ForgetCredentials();
      } else if (!std::exchange(ending, true)) {
        NotifyManager("STOPPING=1");
        (*http)->Finish(kGrace, [&] { (*loop)->Stop(); });
      } else {
        (*loop)->Stop();  // asked twice: at once
      }
    }
  });
  if (!watched) return Failure(watched.error());
  log::Info(kGateway, "serving browsers at {}", listening->address);
  NotifyManager("READY=1");
  (*loop)->Run();
  log::Info(kGateway, "ends");
  return {};
}

int Main(int argc, const char* const* argv) {
  KeepSecrets();
  AllowDescriptors();
  const auto parsed = ParseArguments(argc, argv);
  if (const auto* said = std::get_if<SaidByItself>(&parsed)) {
    std::fputs(said->text.c_str(), said->status == 0 ? stdout : stderr);
    return said->status;
  }
  if (!InitialiseCrypto()) {
    log::Error(kGateway, "cannot start: the machine offers no randomness");
    return 1;
  }
  if (const auto served = Serve(std::get<Options>(parsed)); !served) {
    log::Error(kGateway, "cannot start: {}", served.error().message);
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace cmdsrv::gateway

int main(int argc, char** argv) { return cmdsrv::gateway::Main(argc, argv); }
