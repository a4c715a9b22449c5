#include "platform/box_facts.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <map>
#include <memory>

#include "base/text.hpp"
#include "platform/files.hpp"
#include "platform/network_state.hpp"

namespace cmdsrv {
namespace {

constexpr std::size_t kSmallFile = 64U << 10U;

std::map<std::string, std::string> ReadOsRelease(const Root& root) {
  std::map<std::string, std::string> values;
  const auto text = ReadFile(root.Path("/etc/os-release"), kSmallFile);
  if (!text) return values;
  for (const std::string_view line : Split(*text, '\n')) {
    const auto equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    std::string_view value = Trim(line.substr(equals + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    values[std::string(line.substr(0, equals))] = ToUtf8(value);
  }
  return values;
}

std::string TextOf(const sockaddr* address) {
  if (address == nullptr || address->sa_family != AF_INET) return {};
  char text[INET_ADDRSTRLEN] = "";
  ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(address)->sin_addr, text, sizeof text);
  return text;
}

/// Of the interface that the default route leaves by; empty without such a route.
json::object DefaultIpv4() {
  const auto state = ReadNetworkState();
  if (!state || state->default_routes.empty()) return {};
  const DefaultRoute& route = state->default_routes.front();
  json::object facts{{"interface", route.device}, {"alias", route.device}, {"gateway", route.gateway}};
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) return facts;
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> all(first, ::freeifaddrs);
  for (const ifaddrs* one = first; one != nullptr; one = one->ifa_next) {
    const std::string address = TextOf(one->ifa_addr);
    if (address.empty() || route.device != one->ifa_name) continue;
    facts["address"] = address;
    facts["netmask"] = TextOf(one->ifa_netmask);
    break;
  }
  return facts;
}

json::array InterfaceNames() {
  json::array names;
  if (const auto state = ReadNetworkState()) {
    for (const NetworkInterface& one : state->interfaces) names.emplace_back(one.name);
  }
  return names;
}

void AddKernel(json::object& facts) {
  utsname names{};
  if (::uname(&names) == 0) {
    facts["ansible_system"] = names.sysname;
    facts["ansible_machine"] = names.machine;
    facts["ansible_architecture"] = names.machine;
    facts["ansible_kernel"] = names.release;
    facts["ansible_nodename"] = names.nodename;
    const std::string_view node = names.nodename;
    facts["ansible_hostname"] = node.substr(0, node.find('.'));
  }
  struct sysinfo memory {};
  if (::sysinfo(&memory) == 0) {
    constexpr std::uint64_t kMiB = 1U << 20U;
    facts["ansible_memtotal_mb"] = static_cast<std::uint64_t>(memory.totalram) * memory.mem_unit / kMiB;
    facts["ansible_swaptotal_mb"] = static_cast<std::uint64_t>(memory.totalswap) * memory.mem_unit / kMiB;
    facts["ansible_uptime_seconds"] = static_cast<std::int64_t>(memory.uptime);
  }
  facts["ansible_processor_vcpus"] = static_cast<std::int64_t>(::sysconf(_SC_NPROCESSORS_ONLN));
}

std::string PiModel(const Root& root) {
  constexpr std::string_view kMark = "Raspberry";
  const auto model = ReadFile(root.Path("/proc/device-tree/model"), 4096);
  if (model && model->find(kMark) != std::string::npos)
    return ToUtf8(std::string_view(*model).substr(0, model->find('\0')));
  // Kernels without a device tree: "Model\t\t: Raspberry Pi 3 Model B Rev 1.2".
  const auto processors = ReadFile(root.Path("/proc/cpuinfo"), 1U << 20U);
  if (!processors) return "none";
  for (const std::string_view line : Split(*processors, '\n')) {
    if (const auto colon = line.find(':'); colon < line.find(kMark) && line.find(kMark) != std::string_view::npos)
      return ToUtf8(Trim(line.substr(colon + 1)));
  }
  return "none";
}

}  // namespace

json::object ReadBoxFacts(const Root& root) {
  json::object facts;
  AddKernel(facts);
  const auto os = ReadOsRelease(root);
  const auto value = [&](const char* name) {
    const auto found = os.find(name);
    return found == os.end() ? std::string("none") : found->second;
  };
  facts["ansible_distribution"] = value("NAME");
  facts["ansible_distribution_version"] = value("VERSION_ID");
  facts["ansible_distribution_release"] = value("VERSION_CODENAME");
  facts["ansible_interfaces"] = InterfaceNames();
  facts["ansible_default_ipv4"] = DefaultIpv4();
  facts["ansible_local"] = {
      {"local_facts", {{"rpi_model", PiModel(root)}, {"os", value("ID")}, {"os_ver", value("VERSION_ID")}}}};
  return facts;
}

}  // namespace cmdsrv
