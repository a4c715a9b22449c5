#include "server/daemon.hpp"

#include <pwd.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include "base/log.hpp"
#include "base/version.hpp"
#include "platform/journal.hpp"
#include "platform/log_writer.hpp"
#include "server/background.hpp"
#include "server/connection_limit.hpp"
#include "server/instance.hpp"
#include "server/listen_socket.hpp"
#include "server/machine.hpp"
#include "server/process_setup.hpp"
#include "server/router.hpp"
#include "server/takeover.hpp"

namespace cmdsrv {
namespace {

constexpr log::Domain kServer{"server"};
constexpr unsigned kQuickWorkers = 2;
constexpr unsigned kPasswordWorkers = 2;  // as many hashes at a time; more would hold up everything else on a small box
constexpr std::size_t kMostMessageBytes = 4U << 20U;  // longer ones cost the connection; the limit of Commands is lower
constexpr std::chrono::milliseconds kLinger{1000};

// A stop takes at most 20 s, whatever hangs: one for the last replies, one for the database and the files.
constexpr std::chrono::milliseconds kLongestStop{20'000};
constexpr std::chrono::milliseconds kClosing{1000};
static_assert(kStopTimes.give_up + kLinger + kClosing <= kLongestStop);
static_assert(kStopTimesWithJobs.give_up + kLinger + JobMinder::kLongestStop + kClosing <= kLongestStop);

struct Configuration {
  Root root;
  Settings settings;
};

/// CMDSRV_DIR counts as a path of the configuration: it lies in the root, unless it already says so.
std::string CmdsrvDirectory(const Root& root) {
  const char* wanted = std::getenv("CMDSRV_DIR");
  if (wanted == nullptr) return {};
  const std::string directory = wanted;
  return root.IsBox() && directory.starts_with(root.Directory() + "/") ? directory : root.Path(directory);
}

Result<Configuration> Configure(const ServerOptions& options) {
  Configuration configuration;
  if (!options.root.empty()) {
    auto root = Root::At(options.root);
    if (!root) return Failure(std::move(root.error()));
    configuration.root = std::move(*root);
  }
  auto settings = ReadSettings(configuration.root, CmdsrvDirectory(configuration.root), options.config_file);
  if (!settings) return Failure(std::move(settings.error()));
  configuration.settings = std::move(*settings);
  return configuration;
}

/// Who may own the socket. In a box without root rights it stays with the caller.
Result<std::optional<SocketOwner>> OwnerOf(const Configuration& configuration) {
  const bool is_box = configuration.root.IsBox();
  if (is_box && ::geteuid() != 0) return std::nullopt;
  auto owner = FindOwner(configuration.settings.apache_user);
  if (!owner && is_box) {
    log::Warning(kServer, "{}; in this box the socket stays with uid {}", owner.error().message, ::geteuid());
    return std::nullopt;
  }
  if (!owner) return Failure(std::move(owner.error()));
  return *owner;
}

PeerRules RulesFor(const Root& root, const Settings& settings, const std::optional<SocketOwner>& owner) {
  PeerRules rules;
  // Not there on every box: then the gateway runs as the web account, as it always did.
  if (const passwd* gateway = ::getpwnam(settings.gateway_user.c_str())) rules.gateway_uid = gateway->pw_uid;
  rules.web_uid = owner ? owner->uid : ::geteuid();
  if (root.IsBox()) rules.own = ::geteuid();
  return rules;
}

/// Where log lines go: the journal, in the foreground standard error too. A box keeps to itself as far as it can.
void ChooseLog(const ServerOptions& options) {
  if (!options.daemon && !options.root.empty()) return;  // standard error alone, which is the default
  LogToJournal(!options.daemon && !StandardErrorIsJournal());
}

Instance::Paths PathsOf(const Settings& settings) {
  return {settings.lock_path, settings.pid_file, settings.ready_file, settings.state_dir + "iiab-cmdsrv.lock"};
}

/// One server from its lock to its exit status. Members are made in this order and unmade in the reverse one.
class Daemon {
 public:
  Daemon(const Configuration& configuration, std::optional<SocketOwner> owner)
      : settings_(configuration.settings),
        root_(configuration.root),
        owner_(owner),
        peers_(RulesFor(root_, settings_, owner_)),
        queue_(settings_.max_queued) {}

  /// All that can fail at start.
  Result<void> Prepare();
  int Run(StartReport report);

 private:
  Result<void> Bind();
  RouterOptions OptionsOfRouter() const;
  RouterHooks HooksOfRouter();
  void CutPrograms() { (void)::eventfd_write(stop_fd_.Get(), 1); }
  int Stop(Router::End end);

  const Settings& settings_;
  const Root& root_;
  const std::optional<SocketOwner> owner_;
  const PeerRules peers_;
  const Clock clock_;
  const SteadyTime began_ = clock_.Steady();
  std::optional<LogWriter> log_;  ///< ends last, so that the last word of all others is written
  UniqueFd signals_;
  UniqueFd stop_fd_;
  std::optional<Instance> instance_;
  std::unique_ptr<Machine> machine_;  ///< none: the database cannot be used, and every Command is told so
  RequestQueue queue_;
  std::unique_ptr<ReplyBox> box_;
  std::unique_ptr<RouterSocket> socket_;
  std::unique_ptr<Workers> workers_;
};

Result<void> Daemon::Prepare() {
  auto signals = TakeSignals();
  if (!signals) return Failure(std::move(signals.error()));
  signals_ = std::move(*signals);
  log_.emplace();
  stop_fd_.Reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!stop_fd_) return FailFromErrno(errno, "make an eventfd");
  auto box = ReplyBox::Make();
  if (!box) return Failure(std::move(box.error()));
  box_ = std::move(*box);

  (void)MakeDirectories(settings_.state_dir, 0700);  // for its lock; if this fails, the jobs say so
  auto instance = Instance::Begin(PathsOf(settings_));
  if (!instance) return Failure(std::move(instance.error()));
  instance_.emplace(std::move(*instance));

  auto machine = Machine::Start(settings_, root_, peers_, stop_fd_.Get());
  if (machine) {
    machine_ = std::move(*machine);
  } else {
    log::Error(kServer, "cannot initialize, so every Command is refused until this is mended: {}",
               machine.error().message);
  }
  return Bind();
}

Result<void> Daemon::Bind() {
  auto listening = ListenAt(settings_.socket_path, owner_);
  if (!listening) return Failure(std::move(listening.error()));
  const std::size_t most = std::max(kMostMessageBytes, settings_.max_command_bytes + 1024);
  auto socket = RouterSocket::Serve(std::move(*listening), settings_.socket_path, most);
  if (!socket) return Failure(std::move(socket.error()));
  socket_ = std::move(*socket);
  return {};
}

RouterOptions Daemon::OptionsOfRouter() const {
  RouterOptions options;
  options.max_command_bytes = settings_.max_command_bytes;
  options.peers = peers_;
  options.allow_stop_from_web = settings_.allow_stop_from_web;
  options.init_failed = !machine_;
  options.heartbeat = WatchdogInterval();
  return options;
}

RouterHooks Daemon::HooksOfRouter() {
  return {
      .stopping =
          [this] {
            instance_->RemoveReadyFile();
            NotifySystemd("STOPPING=1");
          },
      .cut_programs = [this] { CutPrograms(); },
      .workers_ended = [this] { return !workers_ || workers_->AllEnded(); },
      .reload =
          [this] {
            if (machine_) machine_->Load();
          },
      .heartbeat = [] { NotifySystemd("WATCHDOG=1"); },
      .instant = machine_ ? Execute([this](const Request& request) { return machine_->Execute(request); }) : Execute(),
      .events = machine_ ? machine_->Events([this] { box_->Wake(); }) : EventHooks{}};
}

int Daemon::Run(StartReport report) {
  if (machine_) {
    machine_->Stats().queues = [this] {
      const auto [quick, slow] = queue_.Waiting();
      return ServerStats::Queues{quick, slow};
    };
    workers_ = std::make_unique<Workers>(
        queue_, *box_, [this](const Request& request) { return machine_->Execute(request); },
        static_cast<unsigned>(settings_.workers), kQuickWorkers, kPasswordWorkers);
  }
  if (auto written = instance_->WriteReadyFile(); !written) {
    log::Error(kServer, "cannot start: {}", written.error().message);
    report.Failed(written.error().message);
    (void)Stop({});
    return 1;
  }
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(clock_.Steady() - began_);
  log::Info(kServer, "iiab-cmdsrv {} is ready after {} ms, pid {}", kVersion, took.count(), ::getpid());
  NotifySystemd(machine_ ? "READY=1\nSTATUS=serving" : "READY=1\nSTATUS=failed to initialize; the log says why");
  report.Ready();
  if (machine_) machine_->Load();
  try {
    Router router(*socket_, queue_, *box_, signals_.Get(), OptionsOfRouter(), HooksOfRouter());
    return Stop(router.Run());
  } catch (const std::exception& error) {
    // Out of memory, or libzmq is broken. Workers may be anywhere, so nothing is unmade: a fresh start mends most.
    log::Error(kServer, "cannot go on: {}", error.what());
    instance_.reset();
    std::_Exit(1);
  }
}

int Daemon::Stop(Router::End end) {
  queue_.Close();
  // New clients find nobody from now on; what is still to be read by the old ones gets its time.
  if (::unlink(settings_.socket_path.c_str()) != 0 && errno != ENOENT) {
    log::Warning(kServer, "cannot remove {}: {}", settings_.socket_path, Reason(errno));
  }
  socket_->Close(kLinger);
  CutPrograms();  // of the machine's own threads; a change of the network goes on going back at the next start
  if (machine_) machine_->Stop(end.end_jobs);
  log::Info(kServer, "stopped");
  if (end.all_answered) {
    workers_.reset();
    return 0;
  }
  // A worker hangs in a system call. Nothing is unmade under it; the files go, and the kernel does the rest.
  log::Error(kServer, "some Commands were given up because they did not end in time");
  instance_.reset();
  std::_Exit(0);
}

/// Without a usable configuration the files of a server are looked for in the usual places.
std::optional<Instance::Paths> UsualPaths(const ServerOptions& options) {
  Root root;
  if (!options.root.empty()) {
    auto at = Root::At(options.root);
    if (!at) return {};
    root = std::move(*at);
  }
  return Instance::Paths{root.Path("/run/iiab-cmdsrv.lock"), root.Path("/run/iiab-cmdsrv.pid"),
                         root.Path("/run/iiab-cmdsrv-ready")};
}

/// Files of a killed server must not keep clients waiting; a server that lives keeps its own.
int CannotStart(const Error& error, const std::optional<Instance::Paths>& stale, StartReport& report) {
  if (stale) (void)Instance::Begin(*stale);
  log::Error(kServer, "cannot start: {}", error.message);
  report.Failed(error.message);
  return 1;
}

}  // namespace

int Serve(const ServerOptions& options) {
  SaveMemory();
  SetUmask();
  ChooseLog(options);
  StartReport report;
  const auto configuration = Configure(options);
  if (!configuration) {
    if (options.daemon) std::fprintf(stderr, "iiab-cmdsrv: %s\n", configuration.error().message.c_str());
    return CannotStart(configuration.error(), UsualPaths(options), report);
  }
  const Instance::Paths files = PathsOf(configuration->settings);
  if (options.daemon) {
    auto background = GoToBackground();
    if (!background) return CannotStart(background.error(), files, report);
    report = std::move(*background);
  }
  for (const std::string& complaint : configuration->settings.complaints) log::Warning(kServer, "{}", complaint);
  if (!configuration->root.IsBox()) HideMemory();
  AllowManyDescriptors();
  KeepDescriptorsFree();
  if (::chdir(configuration->settings.cmdsrv_dir.c_str()) != 0) {
    log::Warning(kServer, "cannot work in {}: {}", configuration->settings.cmdsrv_dir, Reason(errno));
  }
  const auto owner = OwnerOf(*configuration);
  if (!owner) return CannotStart(owner.error(), files, report);
  Daemon daemon(*configuration, *owner);
  if (auto prepared = daemon.Prepare(); !prepared) return CannotStart(prepared.error(), files, report);
  return daemon.Run(std::move(report));
}

int CheckTakeover(const ServerOptions& options) {
  const auto configuration = Configure(options);
  TakeoverReport report;
  if (configuration) {
    report = LookAtTakeover(configuration->root, configuration->settings);
  } else {
    report.obstacles.push_back(configuration.error().message);
  }
  std::fputs(PrintTakeover(report).c_str(), stdout);
  return report.obstacles.empty() ? 0 : 1;
}

int CheckConfig(const ServerOptions& options) {
  const auto configuration = Configure(options);
  if (!configuration) {
    std::fprintf(stderr, "iiab-cmdsrv: %s\n", configuration.error().message.c_str());
    return 1;
  }
  for (const std::string& complaint : configuration->settings.complaints) {
    std::fprintf(stderr, "iiab-cmdsrv: %s\n", complaint.c_str());
  }
  std::puts(configuration->settings.complaints.empty()
                ? "the configuration is fine"
                : "the configuration can be used; defaults replace what is wrong");
  return 0;
}

}  // namespace cmdsrv
