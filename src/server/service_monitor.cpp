#include "server/service_monitor.hpp"

#include <sys/eventfd.h>

namespace cmdsrv {
namespace {

ServiceAnswer AnswerOf(const ServiceNeed& need, const RoleStatus& status) {
  if (need.state == "enabled") return {need, status.enabled, status.about_enabled};
  if (need.state == "active") return {need, status.active, status.about_active};
  return {need, status.installed, fmt::format("{} is {}installed", need.role, status.installed ? "" : "not ")};
}

}  // namespace

std::vector<ServiceAnswer> LookUpServices(RoleReader& roles, const std::vector<ServiceNeed>& needs, int stop_fd) {
  std::vector<ServiceAnswer> answers;
  std::vector<std::string> names;
  for (const ServiceNeed& need : needs) names.push_back(need.role);
  const auto statuses = roles.Look(names, stop_fd);
  for (const ServiceNeed& need : needs) {
    const auto status = statuses.of.find(need.role);
    answers.push_back(status != statuses.of.end() ? AnswerOf(need, status->second)
                                                  : ServiceAnswer{need, false, "there is no role " + need.role});
  }
  return answers;
}

ServiceMonitor::ServiceMonitor(RoleReader& roles)
    : roles_(roles), stop_fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), thread_([this] { Serve(); }) {}

ServiceMonitor::~ServiceMonitor() { Stop(); }

void ServiceMonitor::Look(std::vector<ServiceNeed> needs, Done done) {
  const std::scoped_lock lock(mutex_);
  if (stopping_) return;
  questions_.push_back({std::move(needs), std::move(done)});
  asked_.notify_one();
}

void ServiceMonitor::Stop() {
  {
    const std::scoped_lock lock(mutex_);
    if (stopping_) return;
    stopping_ = true;
    questions_.clear();
  }
  (void)::eventfd_write(stop_fd_.Get(), 1);
  asked_.notify_one();
  thread_.join();
}

void ServiceMonitor::Serve() {
  std::unique_lock lock(mutex_);
  for (;;) {
    asked_.wait(lock, [this] { return stopping_ || !questions_.empty(); });
    if (stopping_) return;
    const Question question = std::move(questions_.front());
    questions_.pop_front();
    lock.unlock();
    std::vector<ServiceAnswer> answers = LookUpServices(roles_, question.needs, stop_fd_.Get());
    lock.lock();
    if (stopping_) return;
    lock.unlock();
    question.done(std::move(answers));
    lock.lock();
  }
}

}  // namespace cmdsrv
