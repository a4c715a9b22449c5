#include "jobs/progress_writer.hpp"

#include <utility>

namespace cmdsrv {
namespace {

constexpr std::chrono::seconds kEvery{10};

}  // namespace

std::optional<Progress> ProgressOf(const RunRow& run, const std::optional<Progress>& newest) {
  const auto written = ReadPrintedProgress(run.progress);
  return newest ? Later(written, *newest) : written;
}

void ProgressWriter::Began(JobId id) {
  seen_.try_emplace(id, 0);
  if (!timer_) Wait();
}

void ProgressWriter::Ended(JobId id) {
  seen_.erase(id);
  if (seen_.empty()) timer_.reset();
}

void ProgressWriter::Wait() {
  timer_ = parts_.loop->After(kEvery, [this] { parts_.loop->Post([this] { Look(); }); });
}

void ProgressWriter::Look() {
  timer_.reset();
  std::vector<JobUpdate> updates;
  for (auto& [id, seen] : seen_) {
    if (parts_.runner.Printed(id) == seen) continue;
    const StepRunner::RunOutput output = parts_.runner.Output(id);
    seen = output.bytes;
    parts_.table.With([&, job_id = id](JobTable::Jobs& jobs) {
      const auto job = jobs.find(job_id);
      if (job == jobs.end() || !std::holds_alternative<Running>(job->second.stage)) return;
      RunRow& run = job->second.run;
      const auto progress = ProgressOf(run, output.progress);
      std::string text = progress ? PrintProgress(*progress) : std::string();
      if (std::exchange(run.progress, text) == text) return;
      updates.push_back({.id = job_id, .status = {}, .pid = {}, .output = {}, .run = run, .now = parts_.clock.Wall()});
    });
  }
  if (!updates.empty()) parts_.write(std::move(updates));
  if (!seen_.empty()) Wait();
}

}  // namespace cmdsrv
