#include "jobs/service_gate.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace cmdsrv {
namespace {

ServiceNeed NeedOf(const JobRecord& job) { return {job.options.service->first, job.options.service->second}; }

Waiting* WaitingForService(JobRecord& job) {
  auto* waiting = std::get_if<Waiting>(&job.stage);
  if (waiting == nullptr || !job.options.service || job.cancel_wanted) return nullptr;
  return waiting->service == ServiceWait::Unknown || waiting->service == ServiceWait::NotReady ? waiting : nullptr;
}

void AddOnce(std::vector<ServiceNeed>& needs, ServiceNeed need) {
  if (std::ranges::find(needs, need) == needs.end()) needs.push_back(std::move(need));
}

std::string Span(std::chrono::seconds span) {
  if (span.count() >= 120) return fmt::format("{} minutes", span.count() / 60);
  return span.count() == 1 ? "1 second" : fmt::format("{} seconds", span.count());
}

}  // namespace

ServiceGate::ServiceGate(const MinderOptions& options, const Clock& clock, std::shared_ptr<EventLoop> loop,
                         JobTable& table, std::function<void()> changed)
    : options_(options),
      clock_(clock),
      loop_(std::move(loop)),
      table_(table),
      changed_(std::move(changed)),
      self_(std::make_shared<ServiceGate*>(this)) {}

ServiceGate::~ServiceGate() { *self_ = nullptr; }

ServiceWait ServiceGate::FirstState(const JobOptions& options, JobId depends_on) const {
  const bool needs = options.service && !depends_on && options_.services;
  return needs ? ServiceWait::Unknown : ServiceWait::None;
}

std::vector<ServiceGate::TooLate> ServiceGate::Look() {
  const SteadyTime now = clock_.Steady();
  const bool refresh = now >= next_ask_;
  std::vector<ServiceNeed> needs;
  std::vector<TooLate> too_late;
  std::optional<SteadyTime> wake;
  const auto wake_at = [&wake](SteadyTime time) { wake = wake ? std::min(*wake, time) : time; };
  table_.With([&](JobTable::Jobs& jobs) {
    // One that waits counts as well: it may be what brings the service, and has not had its chance.
    const bool ansible_comes = std::ranges::any_of(jobs, [](const auto& job) { return job.second.options.ansible; });
    for (auto& [id, job] : jobs) {
      Waiting* waiting = WaitingForService(job);
      if (waiting == nullptr) continue;
      if (waiting->service_since == SteadyTime{}) waiting->service_since = now;
      const SteadyTime bound = std::max(waiting->service_since, ansible_ended_) + options_.service_bound;
      if (!ansible_comes && now >= bound) {
        const std::string detail = waiting->service_detail.empty() ? "its state is unknown" : waiting->service_detail;
        too_late.push_back({id, fmt::format("service {} is still not {} after {}: {}", job.options.service->first,
                                            job.options.service->second, Span(options_.service_bound), detail)});
        continue;
      }
      if (!ansible_comes) wake_at(bound);
      if (waiting->service == ServiceWait::Unknown || refresh) AddOnce(needs, NeedOf(job));
      wake_at(refresh ? now + options_.service_refresh : next_ask_);
    }
  });
  if (refresh) {
    asked_.clear();  // an answer that never came must not hold the question back for ever
    next_ask_ = now + options_.service_refresh;
  }
  std::erase_if(needs, [this](const ServiceNeed& need) { return std::ranges::find(asked_, need) != asked_.end(); });
  timer_.reset();
  if (wake) timer_ = loop_->After(std::chrono::ceil<std::chrono::milliseconds>(*wake - now), changed_);
  if (!needs.empty()) Ask(std::move(needs));
  return too_late;
}

void ServiceGate::Ask(std::vector<ServiceNeed> needs) {
  asked_.insert(asked_.end(), needs.begin(), needs.end());
  options_.services(std::move(needs), [loop = std::weak_ptr(loop_), self = self_](std::vector<ServiceAnswer> answers) {
    const auto alive = loop.lock();
    if (!alive) return;
    alive->Post([self, answers = std::move(answers)] {
      if (*self != nullptr) (*self)->TakeAnswers(answers);
    });
  });
}

void ServiceGate::TakeAnswers(const std::vector<ServiceAnswer>& answers) {
  table_.With([&](JobTable::Jobs& jobs) {
    for (auto& [id, job] : jobs) {
      Waiting* waiting = WaitingForService(job);
      if (waiting == nullptr) continue;
      const auto answer = std::ranges::find(answers, NeedOf(job), &ServiceAnswer::need);
      if (answer == answers.end()) continue;
      waiting->service = answer->ready ? ServiceWait::Ready : ServiceWait::NotReady;
      waiting->service_detail = answer->detail;
    }
  });
  for (const ServiceAnswer& answer : answers) std::erase(asked_, answer.need);
  changed_();
}

void ServiceGate::AnsibleEnded() {
  ansible_ended_ = clock_.Steady();
  next_ask_ = {};
}

}  // namespace cmdsrv
