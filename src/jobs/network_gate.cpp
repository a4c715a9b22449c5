#include "jobs/network_gate.hpp"

#include <array>

#include "base/log.hpp"

namespace cmdsrv {
namespace {

using namespace std::chrono_literals;

constexpr log::Domain kJobs{"jobs"};

/// After a change of the network: an address comes first, the route, the name server and the line behind it later.
constexpr std::array<std::chrono::milliseconds, 4> kAskAfterChange = {2s, 8s, 20s, 60s};

Waiting* WaitingForNetwork(JobRecord& job) {
  auto* waiting = std::get_if<Waiting>(&job.stage);
  return waiting != nullptr && waiting->retry == RetryWait::Network ? waiting : nullptr;
}

}  // namespace

NetworkGate::NetworkGate(const NetworkSense& sense, const Clock& clock, std::shared_ptr<EventLoop> loop,
                         JobTable& table, std::function<void()> changed)
    : sense_(sense),
      clock_(clock),
      loop_(std::move(loop)),
      table_(table),
      changed_(std::move(changed)),
      self_(std::make_shared<NetworkGate*>(this)) {}

NetworkGate::~NetworkGate() { *self_ = nullptr; }

std::vector<JobId> NetworkGate::Look() {
  const SteadyTime now = clock_.Steady();
  bool any = false;
  bool unasked = false;
  table_.With([&](JobTable::Jobs& jobs) {
    for (auto& [id, job] : jobs) {
      const Waiting* waiting = WaitingForNetwork(job);
      if (waiting == nullptr || waiting->not_before <= now) continue;
      any = true;
      unasked = unasked || !waiting->network_asked;
    }
  });
  wanted_ = any;
  if (!any) {
    watching_ = false;
    watch_.reset();
    timer_.reset();
  } else if (!watching_) {
    watching_ = true;
    if (sense_.watch) watch_ = sense_.watch(*loop_, [this] { NetworkChanged(); });
    Ask();
  } else if (unasked) {
    Ask();
  }
  return std::exchange(silent_hosts_, {});
}

void NetworkGate::InternetSeen() {
  if (!wanted_) return;
  loop_->Post([self = self_] {
    if (*self != nullptr) (*self)->TakeAnswer(true);
  });
}

void NetworkGate::Ask() {
  if (asking_ || !sense_.ask) return;
  asking_ = true;
  sense_.ask([loop = std::weak_ptr(loop_), self = self_](bool there) {
    const auto alive = loop.lock();
    if (!alive) return;
    alive->Post([self, there] {
      if (*self == nullptr) return;
      (*self)->asking_ = false;
      (*self)->TakeAnswer(there);
    });
  });
}

/// Of a job that has just failed, "the internet is there" says that only its host is silent, and that it must not be
/// tried again at once. For one that has been waiting it says that the wait is over.
void NetworkGate::TakeAnswer(bool there) {
  const SteadyTime now = clock_.Steady();
  std::size_t released = 0;
  table_.With([&](JobTable::Jobs& jobs) {
    for (auto& [id, job] : jobs) {
      Waiting* waiting = WaitingForNetwork(job);
      if (waiting == nullptr) continue;
      if (!there) {
        waiting->network_asked = true;
      } else if (!waiting->network_asked) {
        silent_hosts_.push_back(id);
      } else if (waiting->not_before > now) {
        waiting->not_before = now;
        job.run.retry.doublings = 0;  // what comes next has nothing to do with the outage
        ++released;
      }
    }
  });
  if (released > 0) log::Info(kJobs, "the internet is back; {} jobs that waited for it go on", released);
  if (there) changed_();
}

void NetworkGate::NetworkChanged() {
  asked_since_change_ = 0;
  AskLater();
}

void NetworkGate::AskLater() {
  timer_.reset();
  if (asked_since_change_ >= kAskAfterChange.size()) return;
  timer_ = loop_->After(kAskAfterChange.at(asked_since_change_), [this] {
    loop_->Post([self = self_] {  // because the timer is replaced by what it calls
      if (*self == nullptr || !(*self)->watching_) return;
      ++(*self)->asked_since_change_;
      (*self)->Ask();
      (*self)->AskLater();
    });
  });
}

}  // namespace cmdsrv
