#include "server/facts_keeper.hpp"

#include <sys/eventfd.h>

#include <system_error>

#include "base/log.hpp"
#include "base/text.hpp"
#include "platform/box_facts.hpp"
#include "platform/files.hpp"
#include "platform/process.hpp"
#include "platform/trees.hpp"

namespace cmdsrv {
namespace {

constexpr log::Domain kServer{"server"};
constexpr const char* kPart = "ansible_facts";
constexpr std::size_t kMostBytes = 8U << 20U;

}  // namespace

Result<json::object> ReadSetupOutput(std::string_view output) {
  for (std::string_view line : Split(output, '\n')) {
    // Ansible 1.x wrote "success >>".
    for (const std::string_view mark : {" | SUCCESS => ", " | success >> "}) {
      const auto at = line.find(mark);
      if (at == std::string_view::npos) continue;
      auto read = ParseJson(line.substr(at + mark.size()));
      json::value* facts = read && read->is_object() ? read->get_object().if_contains("ansible_facts") : nullptr;
      if (facts == nullptr || !facts->is_object())
        return Fail(ErrorCode::Unavailable, "cannot understand the facts of Ansible");
      return std::move(facts->get_object());
    }
  }
  const std::string said = Shorten(CleanOutput(Trim(output)), 300);
  return Fail(ErrorCode::Unavailable, "Ansible gives no facts: {}", said.empty() ? "it prints nothing" : said);
}

FactsKeeper::FactsKeeper(const Settings& settings, const Root& root, AnsibleFacts& facts)
    : settings_(settings),
      root_(root),
      facts_(facts),
      cache_path_(settings.state_dir + "ansible_facts.json"),
      stop_fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

FactsKeeper::~FactsKeeper() { Stop(); }

void FactsKeeper::Begin(HealthBoard& health) {
  const std::scoped_lock lock(mutex_);
  if (stopping_) return;
  if (thread_.joinable()) {
    wanted_ = true;
    return asked_.notify_one();
  }
  health_ = &health;
  try {
    thread_ = std::thread([this] { Serve(); });
  } catch (const std::system_error& error) {
    log::Error(kServer, "cannot gather facts in the background: {}", error.what());
    facts_.SetReduced(ReadBoxFacts(root_));
  }
}

void FactsKeeper::Refresh() {
  const std::scoped_lock lock(mutex_);
  wanted_ = true;
  asked_.notify_one();
}

void FactsKeeper::Stop() {
  {
    const std::scoped_lock lock(mutex_);
    if (stopping_) return;
    stopping_ = true;
    asked_.notify_one();
  }
  (void)::eventfd_write(stop_fd_.Get(), 1);
  if (thread_.joinable()) thread_.join();
}

void FactsKeeper::Serve() {
  bool good = TakeCached() || Gather();
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const auto asked = [this] { return stopping_ || wanted_; };
    if (good) {
      asked_.wait(lock, asked);
    } else {
      (void)asked_.wait_for(lock, kPause, asked);
    }
    if (stopping_) return;
    wanted_ = false;
    lock.unlock();
    good = Gather();
    lock.lock();
  }
}

/// Facts of another boot are left alone: addresses and disks may be others now.
bool FactsKeeper::TakeCached() {
  const auto text = ReadFile(cache_path_, kMostBytes);
  if (!text) return false;
  const auto cached = ParseJson(*text);
  const json::object* object = cached ? cached->if_object() : nullptr;
  if (object == nullptr || TextMember(*object, "boot_id") != BootId()) return false;
  const json::value* facts = object->if_contains("facts");
  if (facts == nullptr || !facts->is_object()) return false;
  facts_.Set(facts->get_object());
  health_->Set(kPart, PartState::Good);
  return true;
}

bool FactsKeeper::Gather() {
  const json::object reduced = ReadBoxFacts(root_);
  auto facts = AskAnsible();
  {
    const std::scoped_lock lock(mutex_);
    if (stopping_) return false;
  }
  if (!facts) {
    log::Warning(kServer, "{}; GET-ANS answers what the kernel tells", facts.error().message);
    facts_.SetReduced(reduced);
    health_->Set(
        kPart, PartState::Degraded,
        facts.error().message + "; GET-ANS answers what the kernel tells, and it is tried again every 10 minutes");
    return false;
  }
  const json::object complete = CompleteFacts(*std::move(facts), reduced);
  facts_.Set(complete);
  const json::object cache{{"boot_id", BootId()}, {"facts", complete}};
  const auto written = MakeDirectories(settings_.state_dir).and_then([&] {
    return WriteFileAtomically(cache_path_, PrintJson(cache), {.mode = 0600});
  });
  if (!written) log::Warning(kServer, "{}; the facts are gathered again at the next start", written.error().message);
  health_->Set(kPart, PartState::Good);  // after the cache: whoever waits for it may stop the server then
  return true;
}

Result<json::object> FactsKeeper::AskAnsible() {
  const auto ansible = root_.FindProgram(settings_.ansible_program);
  if (!ansible) return Fail(ErrorCode::Unavailable, "{}; install the package ansible-core", ansible.error().message);
  std::vector<std::string> argv;
  if (const auto nice = root_.FindProgram("nice"); nice && settings_.lower_job_priority) argv = {*nice, "-n19"};
  argv.insert(argv.end(), {*ansible, "localhost", "-i", settings_.iiab_repo + "ansible_hosts", "-m", "setup", "-o",
                           "--connection=local"});
  // Nothing of it in the log of the playbooks, and what it leaves behind in a place of ours.
  const std::string scratch = settings_.state_dir + "ansible-facts";
  if (auto made = MakeDirectories(scratch, 0700); !made) return Failure(made.error());
  RunOptions options;
  options.deadline = kDeadline;
  options.directory = settings_.cmdsrv_dir;  // its ansible.cfg counts
  options.cancel_fd = stop_fd_.Get();
  options.environment = ChildEnvironment(root_);
  for (const char* entry : {"ANSIBLE_LOG_PATH=/dev/null", "ANSIBLE_NOCOLOR=1"}) options.environment.emplace_back(entry);
  for (const char* name : {"ANSIBLE_LOCAL_TEMP=", "ANSIBLE_REMOTE_TEMP="})
    options.environment.push_back(name + scratch);
  const auto outcome = RunProgram(argv, options);
  (void)RemoveTree(scratch);
  if (!outcome) return Failure(outcome.error());
  if (outcome->timed_out) return Fail(ErrorCode::Timeout, "Ansible gives no facts within {} s", kDeadline.count());
  return ReadSetupOutput(outcome->output.empty() ? outcome->errors : outcome->output);
}

}  // namespace cmdsrv
