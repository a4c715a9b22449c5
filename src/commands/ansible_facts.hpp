#pragma once

#include <chrono>
#include <mutex>

#include "base/json.hpp"
#include "platform/unique_fd.hpp"
#include "protocol/answer.hpp"

namespace cmdsrv {

/// The facts of the box as GET-ANS answers them: those of Ansible, or what the kernel says until Ansible has spoken.
/// Any thread.
class AnsibleFacts {
 public:
  AnsibleFacts();

  /// What Ansible told; who waits goes on.
  void Set(const json::object& facts);
  /// Ansible cannot tell for now: `facts` are the kernel's. Earlier ones of Ansible stay.
  void SetReduced(const json::object& facts);

  /// Null while nothing has been set. Waits for that, at most `wait`, or until `stop_fd` is readable; of several
  /// callers only two wait, so that they leave workers for others.
  ReadyJson Get(std::chrono::milliseconds wait, int stop_fd);

 private:
  ReadyJson Present() const;

  static constexpr int kMostWaiting = 2;
  mutable std::mutex mutex_;
  ReadyJson full_;  ///< guarded by mutex_, as all below
  ReadyJson reduced_;
  int waiting_ = 0;
  UniqueFd set_fd_;  ///< readable once something was set
};

/// The facts with what the console cannot do without, also where no fact script of the box is installed:
/// ansible_local.local_facts.rpi_model and ansible_default_ipv4, from `reduced`. Pure.
json::object CompleteFacts(json::object facts, const json::object& reduced);

}  // namespace cmdsrv
