#include "jobs/output_news.hpp"

#include "jobs/job_views.hpp"
#include "jobs/progress_writer.hpp"

namespace cmdsrv {
namespace {

using namespace std::chrono_literals;

constexpr auto kPause = 200ms;    // between two news of one job; from the first byte to the first news, too
constexpr auto kAttention = 60s;  // how long after the last question somebody is thought to listen

}  // namespace

void OutputNews::Listen() {
  heard_ = parts_.clock.Steady();
  if (!awake_.exchange(true)) parts_.loop->Post([this] { WatchAll(); });
}

bool OutputNews::SomebodyListens() const { return parts_.clock.Steady() - heard_.load() <= kAttention; }

void OutputNews::WatchAll() {
  std::vector<JobId> running;
  parts_.table.With([&](JobTable::Jobs& jobs) {
    for (const auto& [id, job] : jobs) {
      if (std::holds_alternative<Running>(job.stage)) running.push_back(id);
    }
  });
  jobs_.clear();
  for (const JobId id : running) Watch(id);
}

void OutputNews::Began(JobId id) {
  if (awake_) Watch(id);
}

/// First the wish to be told of the next write, then the look at what is there: so nothing comes between.
void OutputNews::Watch(JobId id) {
  Job& job = jobs_[id];
  parts_.runner.OnPrinted(id, [this, id] { Printed(id); });
  if (parts_.runner.Printed(id) != job.told) Printed(id);
}

/// Much comes at once, so a moment passes before it is told. When nobody listens any more, this was the last look.
void OutputNews::Printed(JobId id) {
  const auto job = jobs_.find(id);
  if (job == jobs_.end() || job->second.pause) return;
  if (!SomebodyListens()) {
    awake_ = false;
    jobs_.clear();
    if (SomebodyListens()) Listen();  // he came just now
    return;
  }
  job->second.pause = parts_.loop->After(kPause, [this, id] { parts_.loop->Post([this, id] { Tell(id); }); });
}

void OutputNews::Tell(JobId id) {
  const auto job = jobs_.find(id);
  if (job == jobs_.end()) return;
  job->second.pause.reset();
  const auto output = parts_.runner.Output(id);
  if (output.bytes != job->second.told) {
    job->second.told = output.bytes;
    std::optional<JobChange> change;
    parts_.table.With([&](JobTable::Jobs& jobs) {
      const auto at = jobs.find(id);
      if (at == jobs.end() || !std::holds_alternative<Running>(at->second.stage)) return;
      change = ChangeOf(at->second, WhyNotRunning(at->second, {}, {}, {}, {}));
      change->progress = ProgressOf(at->second.run, output.progress);
    });
    if (!change) return;
    change->output_bytes = static_cast<std::int64_t>(output.bytes);
    parts_.events.Push({std::move(*change)});
  }
  Watch(id);
}

}  // namespace cmdsrv
