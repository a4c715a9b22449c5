#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "commands/ansible_facts.hpp"
#include "commands/health.hpp"
#include "content/settings.hpp"
#include "platform/root.hpp"
#include "platform/unique_fd.hpp"

namespace cmdsrv {

/// Lets Ansible gather the facts of the box, in a thread of its own that sleeps until there is something to do: after
/// the start, unless those of this boot are in the state directory; when an Ansible job has ended; and 10 minutes after
/// it did not work. GET-HEALTH shows how it is.
class FactsKeeper {
 public:
  FactsKeeper(const Settings& settings, const Root& root, AnsibleFacts& facts);
  ~FactsKeeper();
  FactsKeeper(const FactsKeeper&) = delete;
  FactsKeeper& operator=(const FactsKeeper&) = delete;

  /// `health` must outlive Stop. Until then nothing is gathered; a second time it is gathered anew.
  void Begin(HealthBoard& health);

  /// Gathers anew, soon. Any thread; returns at once.
  void Refresh();

  /// Ends the thread and what it runs.
  void Stop();

  static constexpr std::chrono::minutes kPause{10};
  static constexpr std::chrono::seconds kDeadline{120};

 private:
  void Serve();
  bool TakeCached();
  bool Gather();
  Result<json::object> AskAnsible();

  const Settings& settings_;
  const Root& root_;
  AnsibleFacts& facts_;
  HealthBoard* health_ = nullptr;
  const std::string cache_path_;
  UniqueFd stop_fd_;
  std::mutex mutex_;
  std::condition_variable asked_;
  bool wanted_ = false;  ///< guarded by mutex_, as the next
  bool stopping_ = false;
  std::thread thread_;
};

/// The facts in what `ansible -m setup -o` prints: one line "localhost | SUCCESS => {…}". Errors: Unavailable, with
/// what Ansible says. Pure.
Result<json::object> ReadSetupOutput(std::string_view output);

}  // namespace cmdsrv
