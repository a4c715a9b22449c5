#include "server/machine.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "base/text.hpp"
#include "commands/job_json.hpp"
#include "commands/network_info.hpp"
#include "commands/space_needs.hpp"
#include "commands/stats_text.hpp"
#include "platform/files.hpp"
#include "platform/network_watch.hpp"
#include "platform/systemd_units.hpp"
#include "protocol/command.hpp"
#include "protocol/reply.hpp"

namespace cmdsrv {
namespace {

constexpr log::Domain kServer{"server"};
const Clock kClock;

/// Directories of the settings end in '/', but paths are made with one.
std::string WithoutSlash(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

StoreOptions OptionsOfStore(const Settings& settings) {
  StoreOptions options;
  options.path = settings.database_path;
  options.keep_commands_days = settings.db_keep_commands_days;
  options.keep_jobs_days = settings.db_keep_jobs_days;
  return options;
}

RetryRules RetriesOf(const Settings& settings) {
  return {.first = std::chrono::seconds(settings.download_retry_first_s),
          .longest = std::chrono::seconds(std::max(settings.download_retry_longest_s, settings.download_retry_first_s)),
          .bound = std::chrono::hours(24) * settings.download_retry_days};
}

EventLoop::SourcePtr Watch(EventLoop& loop, std::function<void()> changed) {
  auto source = WatchNetwork(loop, std::move(changed));
  if (source) return std::move(*source);
  log::Warning(kServer, "{}; jobs that wait for the network look for it now and then", source.error().message);
  return nullptr;
}

SpaceLookup LookAtSpace(TimerThread& thread, SpaceFloor floor) {
  return [&thread, floor = std::move(floor)](std::vector<SpaceQuestion> questions, auto done) {
    thread.After(
        {}, [floor, questions = std::move(questions), done = std::move(done)] { done(MeasureAll(questions, floor)); });
  };
}

MinderOptions OptionsOfMinder(const Settings& settings, const Root& root, ServiceMonitor& monitor,
                              InternetProbe& internet, TimerThread& disks) {
  MinderOptions options;
  options.space = LookAtSpace(disks, FloorOf(settings, root));
  options.retry = RetriesOf(settings);
  options.network.ask = [&internet](std::function<void(bool)> done) { internet.Ask(std::move(done)); };
  options.network.watch = Watch;
  options.max_running = JobLimit(settings, root);
  options.max_unfinished = settings.max_unfinished_jobs;
  StepPriority priority = PriorityOf(settings);
  options.low_priority = priority.low;
  options.priority_words = std::move(priority.words);
  options.default_cwd = WithoutSlash(settings.cmdsrv_dir);
  options.state_directory = WithoutSlash(settings.state_dir);
  options.output_directory = WithoutSlash(settings.job_output_dir);
  options.log_age = std::chrono::days(settings.job_log_keep_days);
  options.log_directory_bytes = static_cast<std::uint64_t>(settings.job_log_most_mb) << 20U;
  options.old_output_directory = root.Path("/tmp");
  options.shim_program = Root::OwnProgram("iiab-cmdsrv-shim");
  options.system_bus = SystemBusAddress(root);
  options.environment = ChildEnvironment(root);
  options.services = [&monitor](std::vector<ServiceNeed> needs, ServiceMonitor::Done done) {
    monitor.Look(std::move(needs), std::move(done));
  };
  options.canonical_of = [](std::string_view message) -> std::optional<std::string> {
    const auto command = ParseCommand(message);
    if (!command) return std::nullopt;
    const CommandRowInfo* row = FindCommand(command->verb);
    return row != nullptr ? CanonicalText(*row, *command) : CanonicalText(*command);
  };
  return options;
}

/// For roles whose unit a variable names.
VariableOf VariablesOf(VariablesCache& variables) {
  return [&variables](std::string_view name) -> std::optional<std::string> {
    std::string text = variables.Get()->Text(name);
    return text.empty() ? std::nullopt : std::optional(std::move(text));
  };
}

}  // namespace

int JobLimit(const Settings& settings, const Root& root) {
  return IsRaspberryPi(root) ? std::min(settings.max_rpi_jobs, settings.max_concurrent_jobs)
                             : settings.max_concurrent_jobs;
}

StepPriority PriorityOf(const Settings& settings) {
  constexpr const char* kKey = "cmdsrv_lower_job_priority_str";
  constexpr std::string_view kUsual = "/usr/bin/nice -n19 /usr/bin/ionice -c2 -n7";
  if (!settings.lower_job_priority) return {};
  StepPriority priority;
  for (const std::string_view word : Split(TextMember(settings.as_sent, kKey), ' ')) {
    if (!word.empty()) priority.words.emplace_back(word);
  }
  if (fmt::format("{}", fmt::join(priority.words, " ")) == kUsual) return {.low = true};
  if (priority.words.empty() || priority.words.front().front() == '/') return priority;
  log::Warning(kServer, "the key {} of cmdsrv.conf does not begin with an absolute path; its default is used", kKey);
  return {.low = true};
}

Result<std::unique_ptr<Machine>> Machine::Start(const Settings& settings, const Root& root, PeerRules peers,
                                                int stop_fd) {
  auto opened = Store::Open(OptionsOfStore(settings), kClock);
  if (!opened) return Failure(std::move(opened.error()));
  auto config = std::make_unique<ConfigServices>(settings);
  auto box = std::make_unique<BoxServices>(settings, root, VariablesOf(config->variables));
  auto monitor = std::make_unique<ServiceMonitor>(box->roles);
  auto facts = std::make_unique<FactsKeeper>(settings, root, config->facts);
  Base base{std::move(*opened),
            std::move(config),
            std::move(box),
            std::move(monitor),
            std::make_unique<InternetProbe>(settings.inet_check_host, settings.inet_check_port),
            std::move(facts),
            std::make_unique<TimerThread>(),
            nullptr};
  MinderOptions options = OptionsOfMinder(settings, root, *base.monitor, *base.internet, *base.disks);
  // Roles and variables are looked at when somebody asks; the facts take Ansible so long that it begins now.
  options.ansible_ended = [&keeper = *base.facts] { keeper.Refresh(); };
  auto minder = JobMinder::Start(*base.opened.store, kClock, std::move(options));
  if (!minder) return Failure(std::move(minder.error()));
  base.minder = std::move(*minder);
  return std::unique_ptr<Machine>(new Machine(settings, root, peers, stop_fd, std::move(base)));
}

Machine::Machine(const Settings& settings, const Root& root, PeerRules peers, int stop_fd, Base base)
    : settings_(settings),
      base_(std::move(base)),
      zim_catalog_(settings.kiwix_catalog_file),
      library_(settings.zim_dir + "library.xml"),
      content_(settings),
      accounts_(settings, root, kClock),
      network_(settings, root, health_, *base_.internet, stop_fd),
      services_{.settings = settings,
                .root = root,
                .clock = kClock,
                .jobs = base_.minder->Board(),
                .health = health_,
                .zim_catalog = zim_catalog_,
                .library = library_,
                .catalog_refresh = catalog_refresh_,
                .content = content_,
                .stats = stats_,
                .accounts = accounts_,
                .box = *base_.box,
                .config = *base_.config,
                .network = network_,
                .adm_conf = RenderAdmConf(settings),
                .started = kClock.Steady(),
                .stop_fd = stop_fd},
      loader_(services_),
      gates_({.services = services_,
              .store = *base_.opened.store,
              .peers = peers,
              .internet = [this] { return InternetAvailable(); }}),
      stats_file_(StatsPath(settings, root), [this] { return StatsForPrometheus(DescribeStats(services_)); }) {
  base_.config->internet = [this] { return InternetAvailable(); };
  TellHealth();
  network_.guard.TakeUp();
}

void Machine::Load() {
  loader_.Begin();
  base_.facts->Begin(health_);
}

Machine::~Machine() { Stop(false); }

bool Machine::InternetAvailable() {
  const bool available = base_.internet->Available();
  if (available) base_.minder->InternetSeen();
  return available;
}

void Machine::TellHealth() {
  for (const char* part : {"kiwix_catalog", "library", "ansible_facts", "variables", "roles", "programs"})
    health_.Set(part, PartState::Loading);
  if (settings_.complaints.empty()) {
    health_.Set("config", PartState::Good);
  } else {
    health_.Set("config", PartState::Degraded, fmt::format("{}", fmt::join(settings_.complaints, "; ")));
  }
  const std::string& set_aside = base_.opened.set_aside;
  if (set_aside.empty()) return health_.Set("database", PartState::Good);
  log::Error(kServer, "the database was damaged; it was kept as {} and a new one begun", set_aside);
  health_.Set("database", PartState::Degraded,
              "the database was damaged; the list of old jobs is kept in " + set_aside + " and a new one was begun");
}

EventHooks Machine::Events(std::function<void()> wake) {
  JobBoard& board = base_.minder->Board();
  board.Events().OnPush([this, wake = std::move(wake)] {
    wake();
    stats_file_.Touch();
  });
  board.Events().Waiting(stats_file_.IsOn());
  return {.latest = [&board] { return board.Events().Latest(); },
          .reply =
              [&board](std::uint64_t since) {
                return ToReply("WAIT-EVENTS", Answer(DescribeChanges(board.Changes(since))));
              },
          .waiting =
              [this, &board](std::size_t clients) {
                board.Events().Waiting(clients > 0 || stats_file_.IsOn());
                stats_.waiting_clients = clients;
              }};
}

void Machine::Stop(bool end_jobs) {
  if (std::exchange(stopped_, true)) return;
  base_.minder->Board().Events().OnPush({});
  base_.minder->Stop(end_jobs);  // first: the programs of the others, which were cut off, end meanwhile
  stats_file_.Stop();
  base_.facts->Stop();
  base_.monitor->Stop();
  base_.disks->Stop();
  network_.timer.Stop();
  base_.box->power.Stop();
  base_.opened.store->Close();
}

}  // namespace cmdsrv
