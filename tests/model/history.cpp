#include "model/history.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "model/violation.hpp"

namespace cmdsrv::model {
namespace {

using namespace std::chrono_literals;

constexpr int kMostThings = 20'000;  // until peace must have come
constexpr int kMostTimers = 400;

/// As long as it lives, changes of the network are told.
struct NetworkWatch final : EventLoop::Source {
  explicit NetworkWatch(std::function<void()>& told) : changed(told) {}
  ~NetworkWatch() override { changed = nullptr; }
  std::function<void()>& changed;
};

}  // namespace

History::History(std::uint64_t seed, std::string directory, bool tell)
    : random_(seed),
      directory_(std::move(directory)),
      tell_(tell),
      store_(directory_, clock_, ledger_),
      machine_(ledger_, random_) {
  options_.default_cwd = "/";
  options_.state_directory = directory_ + "/state";
  options_.output_directory = directory_ + "/outputs";
  options_.max_running = 1 + static_cast<int>(random_.Below(4));
  options_.canonical_of = [](std::string_view message) { return std::optional<std::string>(message); };
  options_.services = [this](std::vector<ServiceNeed> needs, auto done) {
    asked_.emplace_back(std::move(needs), std::move(done));
  };
  options_.network.ask = [this](auto done) { probes_.push_back(std::move(done)); };
  options_.network.watch = [this](EventLoop&, std::function<void()> changed) -> EventLoop::SourcePtr {
    network_changed_ = std::move(changed);
    return std::make_unique<NetworkWatch>(network_changed_);
  };
  store_.SetAlive([this] { return machine_.Alive(); });
  if (tell_) machine_.SetTrace([](const std::string& what) { fmt::print("      {}\n", what); });
}

History::~History() { DropDaemon(); }

void History::Boot() {
  store_.Open();
  machine_.SetLimit(options_.max_running);
  loop_ = std::make_shared<SimLoop>(clock_);
  table_ = std::make_shared<JobTable>();
  events_.emplace(random_.Next() >> 16U);
  core_.emplace(MinderCore::Parts{store_, clock_, loop_, machine_, *table_, *events_}, options_);
  const auto recovered = core_->Recover();
  Check(recovered.has_value(), "recovery fails: {}", recovered ? "" : recovered.error().message);
  board_.emplace(store_, clock_, options_, table_, *core_);
  shown_.clear();
  places_ = options_.max_running;
  // What an earlier configuration let begin, and what is being ended, may be more than may begin now.
  places_ = std::max<int>(places_, static_cast<int>(table_->With([](JobTable::Jobs& jobs) {
                            return std::ranges::count_if(jobs, [](const auto& job) { return IsActive(job.second); });
                          })));
  CheckTable();
}

/// What was in memory is gone.
void History::DropDaemon() {
  board_.reset();
  core_.reset();
  table_.reset();
  if (loop_) loop_->Quit();  // what was posted holds the loop itself
  loop_.reset();
  asked_.clear();
  probes_.clear();
  machine_.DaemonIsGone();
  ledger_.DaemonIsGone();
}

void History::Step(const Event& event) {
  now_ = event.name;
  try {
    const bool done = (this->*event.act)();
    if (!done) return;
    if (tell_) fmt::print("  {}\n", event.name);
    CheckTable();
  } catch (const Crash&) {
    if (tell_) fmt::print("  {}: the daemon is killed in it\n", event.name);
    KillDaemon();
  }
}

void History::DoOneThing() {
  static const int total = [] {
    int sum = 0;
    for (const Event& event : Events()) sum += event.weight;
    return sum;
  }();
  auto number = static_cast<int>(random_.Below(static_cast<std::size_t>(total)));
  for (const Event& event : Events()) {
    number -= event.weight;
    if (number < 0) return Step(event);
  }
}

void History::Run() {
  Boot();
  const std::size_t length = 20 + random_.Below(150);
  for (std::size_t i = 0; i < length; ++i) DoOneThing();
  Settle();
}

long History::RunWithCrashAtWrite(long number, bool after, bool power) {
  peace_ = true;
  options_.max_running = 2;
  Boot();
  store_.CrashAtWrite(number, after);
  const auto guarded = [&](const std::function<void()>& act) {
    try {
      act();
      return true;
    } catch (const Crash&) {
      power ? CutPower() : KillDaemon();
      return false;
    }
  };
  JobPlan chain;
  for (std::size_t i = 0; i < 3; ++i) {
    chain.steps.push_back({.argv = {"/bin/step"}, .display = {}, .after = {}, .locks = {"menus"}});
    if (i > 0) chain.steps.back().after = i - 1;
  }
  JobPlan once = chain;
  once.steps[0].restartable = false;
  JobPlan alone;
  alone.steps.push_back(chain.steps[0]);
  guarded([&] { Submit(chain, "chain"); });
  guarded([&] { Submit(once, "once"); });
  guarded([&] { Submit(alone, "alone"); });
  for (bool more = true; more;) {
    if (!guarded([&] { more = WorkOn(); })) more = true;
    if (store_.Writes() == 6 && board_) guarded([&] { CancelOne(); });
    CheckTable();
  }
  const long writes = store_.Writes();
  Settle();
  return writes;
}

/// Something that is due, in a sensible order. Time does not pass.
bool History::WorkOn() {
  if (loop_->HasTask()) return loop_->RunTask(), true;
  if (store_.HasWrite()) return store_.WriteNext(machine_.Alive()), true;
  if (store_.HasAnswer()) return store_.AnswerNext(), true;
  if (machine_.TellOfAnEnd() || machine_.ShimGivesUp() || machine_.ShimObeys() || machine_.HuntEnds()) return true;
  if (AnswerServices() || AnswerNetwork()) return true;
  if (machine_.StepEnds(!random_.OneIn(4))) return true;
  return loop_->FireTimer();
}

/// Peace: nothing breaks any more, and everything must come to its end by what the daemon does alone.
void History::Settle() {
  now_ = "peace";
  if (tell_) fmt::print("  peace\n");
  peace_ = true;
  store_.SetFull(false);
  machine_.Refuse(false);
  if (!board_) Boot();
  int timers = 0;
  for (int things = 0; !ledger_.Unfinished().empty() || loop_->HasTask() || store_.HasWrite() || store_.HasAnswer();) {
    Check(++things < kMostThings, "there is no end of it");
    if (WorkOn()) {
      CheckTable();
      continue;
    }
    const auto next = loop_->NextTimer();
    Check(next.has_value() && ++timers < kMostTimers, "the jobs stand still");
    clock_.Advance(*next - clock_.Steady());
  }
  while (machine_.TellOfAnEnd() || machine_.ShimGivesUp()) {
  }
  Listen();
  for (const auto& [id, status] : told_) Check(IsFinal(status), "the end of job {} was never told", id);
  Check(board_->Unfinished().empty(), "{} Commands are still called unfinished", board_->Unfinished().size());
  Check(machine_.Alive().empty(), "something is left running");
  for (const auto& [id, job] : ledger_.Jobs()) {
    Check(board_->Reserve(job.options.canonical).has_value(), "the Command of job {} is reserved for ever", id);
  }
  totals_.writes = store_.Writes();
  for (const auto& [id, job] : ledger_.Jobs()) {
    ++totals_.jobs;
    totals_.begins += job.begins;
    totals_.merged += job.status == JobStatus::Succeeded && job.begins == 0 ? 1 : 0;
  }
}

/// What the rest of the server sees keeps the rules, too.
void History::CheckTable() {
  if (!table_) return;
  table_->With([&](JobTable::Jobs& jobs) {
    int active = 0;
    bool ansible = false;
    std::set<std::string_view> locks;
    for (const auto& [id, job] : jobs) {
      const auto [at, fresh] = shown_.try_emplace(id, job.status);
      const JobStatus before = std::exchange(at->second, job.status);
      const bool back = before != JobStatus::Scheduled && job.status == JobStatus::Scheduled;
      const auto* waiting = std::get_if<Waiting>(&job.stage);
      const bool failed_for_now = back && waiting != nullptr && waiting->again;
      Check(before != JobStatus::Restarted || job.status == JobStatus::Restarted || failed_for_now,
            "job {} was shown RESTARTED and now {}", id, NameOf(job.status));
      Check(!back || std::holds_alternative<Waiting>(job.stage), "job {} is shown SCHEDULED and is not waiting", id);
      if (!IsActive(job)) continue;
      ++active;
      if (std::holds_alternative<Ending>(job.stage)) continue;  // nothing of it is left; it waits for its record
      Check(!ansible || !job.options.ansible, "two Ansible jobs hold the place, one is {}", id);
      ansible = ansible || job.options.ansible;
      for (const std::string& lock : job.options.locks) {
        Check(locks.insert(lock).second, "{} is held twice, once by job {}", lock, id);
      }
    }
    Check(active <= places_, "{} jobs hold {} places", active, places_);
  });
}

/// A client of WAIT-EVENTS asks for what is new. It may have slept through the end of a server.
void History::Listen() {
  const JobChanges news = board_->Changes(heard_);
  Check(heard_ || news.snapshot, "news without a beginning");
  if (news.snapshot) told_.clear();
  std::uint64_t last = news.snapshot ? 0 : *heard_;
  for (const JobChange& change : news.changes) {
    Check(news.snapshot || change.seq > last, "news {} comes after {}", change.seq, last);
    last = change.seq;
    const auto at = told_.find(change.id);
    Check(at == told_.end() || !IsFinal(at->second), "there is news of job {}, which has ended", change.id);
    const JobStatus written = ledger_.Of(change.id).status;
    Check(!IsFinal(change.status) || written == change.status, "job {} is told to be {}, recorded is {}", change.id,
          NameOf(change.status), NameOf(written));
    told_[change.id] = change.status;
  }
  heard_ = news.seq;
}

/// Who waits says for what.
void History::CheckViews() {
  const auto views = board_->List(EveryJob());
  Check(views.has_value(), "the jobs cannot be listed");
  for (const JobView& view : *views) {
    if (IsFinal(view.status)) continue;
    Check(view.reason_code.empty() == view.reason.empty(), "job {} has half a reason", view.id);
    const auto& fact = ledger_.Of(view.id);
    const bool waits = table_->With([&](JobTable::Jobs& jobs) {
      const auto at = jobs.find(view.id);
      return at != jobs.end() && std::holds_alternative<Waiting>(at->second.stage) && !at->second.cancel_wanted;
    });
    if (!waits || !fact.depends_on) continue;
    Check(!view.reason.empty() || IsFinal(ledger_.Of(fact.depends_on).status),
          "job {} waits for job {} and does not say so", view.id, fact.depends_on);
  }
}

void History::Totals::Add(const Totals& other) {
  jobs += other.jobs;
  begins += other.begins;
  merged += other.merged;
  retries += other.retries;
  crashes += other.crashes;
  power_cuts += other.power_cuts;
  writes += other.writes;
}

std::string History::Report() const { return fmt::format("in the event \"{}\":\n{}", now_, Describe(ledger_)); }

}  // namespace cmdsrv::model
