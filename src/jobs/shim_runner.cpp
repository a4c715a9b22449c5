#include "jobs/shim_runner.hpp"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <string_view>

#include "base/log.hpp"
#include "base/text.hpp"
#include "jobs/output_text.hpp"
#include "jobs/progress_tracker.hpp"
#include "platform/files.hpp"
#include "platform/job_output.hpp"
#include "platform/proc_stat.hpp"
#include "platform/spawn.hpp"

namespace cmdsrv {
namespace {

using namespace std::chrono_literals;

constexpr log::Domain kJobs{"jobs"};
constexpr std::size_t kEnvironmentLimit = 4U << 20U;
constexpr std::size_t kLookBytes = 64U << 10U;
constexpr std::size_t kNewsBytes = 16U << 10U;  // progress lines come often, so the last one is not far

/// A run that lasted this long is worth another try, even if it printed no progress: with a power cut a day, a step
/// that resumes must not be given up after three days.
constexpr auto kLongRun = 10min;

class ShimRun final : public StepRun {
 public:
  ShimRun(ShimProcess shim, EventLoop& loop, StepRunner::Callback ended) : shim_(std::move(shim)) {
    source_ = loop.OnReadable(shim_.pidfd.Get(), [this, ended = std::move(ended)] {
      source_.reset();
      shim_.Reap();
      ended();  // may destroy this
    });
  }
  ProcessIdentity Identity() const override { return shim_.identity; }
  /// What the step forks must be born in the scope, so the go waits for it; not for long, see ScopeMaker.
  Result<void> Go() override {
    go_wanted_ = true;
    return waits_for_scope_ ? Result<void>() : shim_.Go();
  }
  void MoveTo(ScopeMaker& scopes, const ScopeWish& wish, ScopeMaker::Done moved) {
    waits_for_scope_ = true;
    scope_ = scopes.Move(wish, [this, moved = std::move(moved)](const Result<void>& result) {
      waits_for_scope_ = false;
      moved(result);
      // If the shim is gone just now, its end is about to be noticed and will be judged then.
      if (go_wanted_) (void)shim_.Go();
    });
  }
  void Cancel() override { shim_.Cancel(); }
  void Kill() override { shim_.Kill(); }

 private:
  ShimProcess shim_;
  EventLoop::SourcePtr source_;  // before the pidfd it watches
  bool waits_for_scope_ = false;
  bool go_wanted_ = false;
  std::unique_ptr<ScopeMaker::Wait> scope_;
};

bool HasMark(pid_t pid, std::string_view mark) {
  const auto environment = ReadFile(fmt::format("/proc/{}/environ", pid), kEnvironmentLimit);
  if (!environment) return false;
  const auto words = Split(*environment, '\0');
  return std::ranges::find(words, mark) != words.end();
}

/// To be asked after the environment: a process that still has its memory now had an environment when that was read.
bool IsEnding(const ProcessIdentity& identity) {
  const auto stat = ReadProcStat(identity.pid);
  return stat && stat->start_ticks == identity.start_ticks && !stat->IsDead() && stat->memory == 0;
}

}  // namespace

struct ShimRunner::Hunt {
  ProcessIdentity shim;
  Callback gone;
  struct Prey {
    UniqueFd pidfd;
    EventLoop::SourcePtr source;  // before the pidfd it watches
  };
  std::vector<Prey> prey;
  std::size_t alive = 0;
};

std::string RunMark(const std::string& record_path) { return "CMDSRV_RUN=" + record_path; }

ShimRunner::ShimRunner(std::shared_ptr<EventLoop> loop, std::string shim_program, JobPaths paths,
                       const std::string& system_bus)
    : loop_(std::move(loop)), shim_program_(std::move(shim_program)), paths_(std::move(paths)) {
  if (!system_bus.empty()) scopes_ = ScopeMaker::Make(*loop_, system_bus);
}

ShimRunner::~ShimRunner() = default;

Result<std::unique_ptr<StepRun>> ShimRunner::Start(ShimStart start, Callback ended) {
  start.environment.push_back(RunMark(start.record_path));
  auto shim = StartShim(shim_program_, start);
  if (!shim) return tl::unexpected(shim.error());
  auto run = std::make_unique<ShimRun>(std::move(*shim), *loop_, std::move(ended));
  if (scopes_) {
    const ScopeWish wish{fmt::format("iiab-job-{}.scope", start.job),
                         fmt::format("Job {} of the IIAB Command Server", start.job), run->Identity().pid,
                         start.low_priority};
    run->MoveTo(*scopes_, wish, [this, id = start.job](const Result<void>& moved) { NoteScope(id, moved); });
  }
  return run;
}

/// Without scopes everything works, so this is no reason to say it with every job.
void ShimRunner::NoteScope(JobId id, const Result<void>& moved) {
  if (moved) {
    scope_trouble_said_ = false;
  } else if (!std::exchange(scope_trouble_said_, true)) {
    log::Warning(kJobs, "job {} runs in the control group of the server, and so may others: {}", id,
                 moved.error().message);
  }
}

Result<std::unique_ptr<StepRun>> ShimRunner::Adopt(const ProcessIdentity& identity, Callback ended) {
  auto shim = AdoptShim(identity);
  if (!shim) return tl::unexpected(shim.error());
  return std::make_unique<ShimRun>(std::move(*shim), *loop_, std::move(ended));
}

std::optional<RunRecord> ShimRunner::Record(JobId id) {
  auto record = ReadRunRecord(paths_.Record(id));
  if (record) return *record;
  if (record.error().code != ErrorCode::NotFound) log::Warning(kJobs, "{}", record.error().message);
  return std::nullopt;
}

StepRunner::RunOutput ShimRunner::Output(JobId id) {
  RunOutput output{Printed(id), {}};
  const auto end = ReadOutputEnd(paths_.Output(id), output.bytes, kNewsBytes);
  if (end) output.progress = NewestProgress(*end);
  return output;
}

std::uint64_t ShimRunner::Printed(JobId id) {
  const auto record = Record(id);
  return record ? record->output_total : 0;
}

void ShimRunner::OnPrinted(JobId id, Callback printed) {
  if (!writes_) {
    auto watch = WriteWatch::Make();
    if (!watch) return log::Warning(kJobs, "what jobs print cannot be told: {}", watch.error().message);
    writes_ = std::move(*watch);
    writes_source_ = loop_->OnReadable(writes_->Descriptor(), [this] { TakeWrites(); });
  }
  const auto number = writes_->Once(paths_.Output(id));
  if (!number) return log::Warning(kJobs, "what job {} prints cannot be told: {}", id, number.error().message);
  if (const auto before = wishes_.find(id); before != wishes_.end()) on_printed_.erase(before->second);
  wishes_[id] = *number;
  on_printed_[*number] = {id, std::move(printed)};
}

void ShimRunner::TakeWrites() {
  for (const int number : writes_->Take()) {
    const auto wish = on_printed_.find(number);
    if (wish == on_printed_.end()) continue;
    const auto [id, printed] = std::move(wish->second);
    on_printed_.erase(wish);
    wishes_.erase(id);
    printed();
  }
}

bool ShimRunner::Progressed(JobId id, const RunRow& run) {
  const std::string path = paths_.Output(id);
  const auto file = ::cmdsrv::Look(path);
  if (!file || !file->is_regular) return false;
  if (run.started) {
    const WallTime last_sign{std::chrono::duration_cast<WallTime::duration>(std::chrono::nanoseconds{file->mtime_ns})};
    if (last_sign - *run.started >= kLongRun) return true;
  }
  const auto record = Record(id);
  const std::uint64_t total =
      std::max(file->bytes, record ? record->output_total : 0);              // a power cut may leave the record behind
  const auto begin = ReadOutput(path, total, run.output_total, kLookBytes);  // what earlier tries printed lies before
  const auto end = ReadOutputEnd(path, total, kLookBytes);
  if (!begin || !end) return false;
  ProgressTracker first;
  first.Add(begin->text);
  return ::cmdsrv::Progressed(first.First(), NewestProgress(*end));
}

RunFacts ShimRunner::Look(JobId id, const RunRow& run, std::int64_t shim_pid) {
  const ProcessIdentity shim{run.boot_id, static_cast<pid_t>(shim_pid), static_cast<std::uint64_t>(run.start_ticks)};
  RunFacts facts;
  facts.same_boot = run.boot_id == BootId();
  facts.shim_alive = facts.same_boot && IsAlive(shim);
  facts.record = Record(id);  // after the look at the shim, so that an end in between is not missed
  if (facts.shim_alive || TellsTheEnd(facts.record, run.attempt)) return facts;
  facts.leftovers = facts.same_boot && !Leftovers(id, shim).empty();
  facts.progressed = Progressed(id, run);
  return facts;
}

/// Processes that are proven to come from this run. The mark in the environment is the proof; one marked member proves
/// the whole session, because nobody can join a session from outside and its number is not given out again while it has
/// members. Without any mark a session of this number is a stranger's, and is let be, but for members in the middle of
/// their end: they have no environment any more to tell, may hold the files and locks of the run, and take no harm from
/// being waited for.
std::vector<ProcessIdentity> ShimRunner::Leftovers(JobId id, const ProcessIdentity& shim) const {
  const std::string mark = RunMark(paths_.Record(id));
  std::vector<ProcessIdentity> marked;
  std::vector<ProcessIdentity> session;
  bool session_is_ours = false;
  for (const pid_t pid : AllPids()) {
    const auto stat = ReadProcStat(pid);
    if (!stat || stat->IsDead() || stat->start_ticks < shim.start_ticks) continue;
    const ProcessIdentity identity{BootId(), pid, stat->start_ticks};
    if (identity == shim) continue;
    const bool has_mark = HasMark(pid, mark);
    const bool in_session = stat->session == shim.pid;
    if (in_session) session.push_back(identity);
    if (has_mark || (in_session && IsEnding(identity))) marked.push_back(identity);
    session_is_ours = session_is_ours || (in_session && has_mark);
  }
  if (!session_is_ours) return marked;
  for (const ProcessIdentity& member : session) {
    if (std::ranges::find(marked, member) == marked.end()) marked.push_back(member);
  }
  return marked;
}

void ShimRunner::EndLeftovers(JobId id, const ProcessIdentity& shim, Callback gone) {
  auto hunt = std::make_unique<Hunt>();
  hunt->shim = shim;
  hunt->gone = std::move(gone);
  hunts_[id] = std::move(hunt);
  loop_->Post([this, id] { HuntOn(id); });
}

/// Kills all, waits for their ends, and looks again, because one of them may have forked just before.
void ShimRunner::HuntOn(JobId id) {
  const auto at = hunts_.find(id);
  if (at == hunts_.end()) return;
  Hunt& hunt = *at->second;
  hunt.prey.clear();
  hunt.alive = 0;
  const auto leftovers = hunt.shim.boot_id == BootId() ? Leftovers(id, hunt.shim) : std::vector<ProcessIdentity>();
  if (leftovers.empty()) {
    const Callback gone = std::move(hunt.gone);
    hunts_.erase(at);
    return gone();
  }
  for (const ProcessIdentity& identity : leftovers) {
    auto pidfd = OpenProcess(identity);
    if (!pidfd) continue;  // ended meanwhile
    log::Warning(kJobs, "ending process {} that an interrupted run of job {} left behind", identity.pid, id);
    SignalPidfd(pidfd->Get(), SIGKILL);
    hunt.prey.push_back({std::move(*pidfd), nullptr});
  }
  hunt.alive = hunt.prey.size();
  if (hunt.alive == 0) return loop_->Post([this, id] { HuntOn(id); });
  for (Hunt::Prey& prey : hunt.prey) {
    prey.source = loop_->OnReadable(prey.pidfd.Get(), [this, id, &prey] {
      prey.source.reset();
      const auto found = hunts_.find(id);
      if (found != hunts_.end() && --found->second->alive == 0) loop_->Post([this, id] { HuntOn(id); });
    });
  }
}

void ShimRunner::Forget(JobId id) {
  if (const auto wish = wishes_.find(id); wish != wishes_.end()) {
    writes_->Forget(wish->second);
    on_printed_.erase(wish->second);
    wishes_.erase(wish);
  }
  if (const auto removed = RemoveFile(paths_.Record(id)); !removed) log::Warning(kJobs, "{}", removed.error().message);
}

}  // namespace cmdsrv
