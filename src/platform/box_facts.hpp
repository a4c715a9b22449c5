#pragma once

#include "base/json.hpp"
#include "platform/root.hpp"

namespace cmdsrv {

/// What the kernel and /etc/os-release tell of the box, under the names that Ansible uses, with the members that the
/// console needs: ansible_machine, ansible_default_ipv4, ansible_local.local_facts.rpi_model and os. Any thread; takes
/// about a millisecond. What cannot be found out is missing.
json::object ReadBoxFacts(const Root& root);

}  // namespace cmdsrv
