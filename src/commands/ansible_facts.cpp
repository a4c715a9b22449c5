#include "commands/ansible_facts.hpp"

#include <poll.h>
#include <sys/eventfd.h>

#include <array>

namespace cmdsrv {
namespace {

json::object& ObjectIn(json::object& parent, std::string_view key) {
  json::value& member = parent[key];
  return member.is_object() ? member.get_object() : member.emplace_object();
}

}  // namespace

AnsibleFacts::AnsibleFacts() : set_fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

void AnsibleFacts::Set(const json::object& facts) {
  auto text = std::make_shared<const std::string>(PrintJson(facts));
  const std::scoped_lock lock(mutex_);
  full_ = std::move(text);
  (void)::eventfd_write(set_fd_.Get(), 1);
}

void AnsibleFacts::SetReduced(const json::object& facts) {
  auto text = std::make_shared<const std::string>(PrintJson(facts));
  const std::scoped_lock lock(mutex_);
  reduced_ = std::move(text);
  (void)::eventfd_write(set_fd_.Get(), 1);
}

ReadyJson AnsibleFacts::Present() const {
  const std::scoped_lock lock(mutex_);
  return full_ ? full_ : reduced_;
}

ReadyJson AnsibleFacts::Get(std::chrono::milliseconds wait, int stop_fd) {
  {
    const std::scoped_lock lock(mutex_);
    if (full_ || reduced_) return full_ ? full_ : reduced_;
    if (waiting_ >= kMostWaiting) return nullptr;
    ++waiting_;
  }
  std::array<pollfd, 2> watched{{{set_fd_.Get(), POLLIN, 0}, {stop_fd, POLLIN, 0}}};
  (void)::poll(watched.data(), watched.size(), static_cast<int>(wait.count()));
  {
    const std::scoped_lock lock(mutex_);
    --waiting_;
  }
  return Present();
}

json::object CompleteFacts(json::object facts, const json::object& reduced) {
  for (const auto& [name, value] : reduced) {
    if (!facts.contains(name)) facts[name] = value;
  }
  json::object& local = ObjectIn(ObjectIn(facts, "ansible_local"), "local_facts");
  const json::value* known = reduced.if_contains("ansible_local");
  if (known != nullptr && known->is_object() && known->get_object().contains("local_facts")) {
    for (const auto& [name, value] : known->get_object().at("local_facts").as_object()) {
      if (!local.contains(name)) local[name] = value;
    }
  }
  if (!local.contains("rpi_model")) local["rpi_model"] = "none";
  (void)ObjectIn(facts, "ansible_default_ipv4");
  return facts;
}

}  // namespace cmdsrv
