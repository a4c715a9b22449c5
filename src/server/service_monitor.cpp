#include "server/service_monitor.hpp"

#include <sys/eventfd.h>

#include "base/text.hpp"
#include "content/roles.hpp"
#include "platform/files.hpp"
#include "platform/process.hpp"

namespace cmdsrv {
namespace {

constexpr std::chrono::seconds kDeadline{10};
constexpr std::string_view kStateFile = "/etc/iiab/iiab_state.yml";

/// The state file is flat: lines like "kiwix_installed: True".
bool IsInstalled(const Root& root, std::string_view role) {
  const auto text = ReadFile(root.Path(kStateFile));
  if (!text) return false;
  const std::string key = fmt::format("{}_installed:", role);
  bool installed = false;
  for (const std::string_view line : Split(*text, '\n')) {
    if (!line.starts_with(key)) continue;
    const std::string_view value = Trim(line.substr(key.size()));
    installed = value.starts_with("True") || value.starts_with("true") || value.starts_with("yes");
  }
  return installed;
}

ServiceAnswer FromSystemctl(const Root& root, const ServiceNeed& need, std::string_view unit, int stop_fd) {
  const auto program = root.FindProgram("systemctl");
  if (!program) return {need, false, program.error().message};
  const std::string verb = need.state == "enabled" ? "is-enabled" : "is-active";
  RunOptions options;
  options.deadline = kDeadline;
  options.environment = ChildEnvironment(root);
  options.cancel_fd = stop_fd;
  const auto outcome = RunProgram({*program, verb, "--", std::string(unit)}, options);
  if (!outcome) return {need, false, outcome.error().message};
  const bool ready = outcome->exited && outcome->status == 0;
  const std::string_view word = Trim(std::string_view(outcome->output).substr(0, outcome->output.find('\n')));
  const std::string state = word.empty() ? Describe(*outcome) : PrintableAscii(word, 40);
  return {need, ready, fmt::format("{} is {}", unit, state)};
}

ServiceAnswer FromFile(const ServiceNeed& need, const std::string& path) {
  const bool there = Look(path).has_value();
  return {need, there, fmt::format("{} {}", path, there ? "is there" : "does not exist")};
}

}  // namespace

ServiceAnswer LookUpService(const Root& root, const ServiceNeed& need, int stop_fd) {
  const Role* role = FindRole(need.role);
  if (role == nullptr) return {need, false, fmt::format("there is no role {}", need.role)};
  if (need.state == "installed" || role->source == RoleSource::Install) {
    const bool installed = IsInstalled(root, need.role);
    return {need, installed, fmt::format("{} is {}installed", need.role, installed ? "" : "not ")};
  }
  switch (role->source) {
    case RoleSource::Service: return FromSystemctl(root, need, role->unit_or_file, stop_fd);
    case RoleSource::NginxConf:
      return FromFile(need, root.Path(fmt::format("/etc/nginx/conf.d/{}", role->unit_or_file)));
    case RoleSource::NginxSite:
      return FromFile(need, root.Path(fmt::format("/etc/nginx/sites-enabled/{}", role->unit_or_file)));
    case RoleSource::Install:
    case RoleSource::Apache: break;
  }
  return {need, false, fmt::format("{} is never {}", need.role, need.state)};
}

ServiceMonitor::ServiceMonitor(const Root& root)
    : root_(root), stop_fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), thread_([this] { Serve(); }) {}

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
    std::vector<ServiceAnswer> answers;
    answers.reserve(question.needs.size());
    for (const ServiceNeed& need : question.needs) answers.push_back(LookUpService(root_, need, stop_fd_.Get()));
    lock.lock();
    if (stopping_) return;
    lock.unlock();
    question.done(std::move(answers));
    lock.lock();
  }
}

}  // namespace cmdsrv
