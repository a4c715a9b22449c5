#include "jobs/group_retry.hpp"

#include <map>

#include "jobs/job_status.hpp"

namespace cmdsrv {
namespace {

JobStatus StatusOf(const JobRow& row) { return StatusFromName(row.status).value_or(JobStatus::Failed); }

/// Those keys of a plan that all of its steps share.
void TakeShared(GroupRetry& retry, const JobOptions& options) {
  retry.canonical = options.canonical;
  retry.plan.cwd = options.cwd;
  retry.plan.extra_vars = options.extra_vars;
}

StepPlan StepOf(const JobRow& row, JobOptions options) {
  StepPlan step;
  step.argv = std::move(options.argv);
  step.display = row.job_command;
  step.locks = std::move(options.locks);
  step.merge = std::move(options.merge);
  step.restartable = options.restartable;
  step.retry = options.retry;
  step.service = std::move(options.service);
  step.ansible = options.ansible;
  step.full_log = options.full_log;
  step.space = std::move(options.space);
  return step;
}

}  // namespace

Result<GroupRetry> PlanGroupRetry(std::span<const JobRow> group) {
  GroupRetry retry;
  std::map<JobId, std::size_t> steps;
  for (const JobRow& row : group) {
    const JobStatus status = StatusOf(row);
    if (!IsFinal(status)) {
      return Fail(ErrorCode::Stated, "Job  {} has not ended; cancel it first, or wait for its end.", row.id);
    }
    if (status == JobStatus::Succeeded) continue;
    auto options = ParseJobOptions(row.options_json);
    if (!options || options->argv.empty()) {
      return Fail(ErrorCode::Stated, "Job  {} was made by an older version of the server; send its Command again.",
                  row.id);
    }
    if (retry.plan.steps.empty()) TakeShared(retry, *options);
    StepPlan step = StepOf(row, std::move(*options));
    if (const auto before = steps.find(row.depends_on); before != steps.end()) step.after = before->second;
    steps.emplace(row.id, retry.plan.steps.size());
    retry.plan.steps.push_back(std::move(step));
  }
  if (retry.plan.steps.empty()) {
    return Fail(ErrorCode::Stated, "All steps of Job  {} succeeded; there is nothing to retry.",
                group.empty() ? JobId{} : group.back().id);
  }
  return retry;
}

}  // namespace cmdsrv
