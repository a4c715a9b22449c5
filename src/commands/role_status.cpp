#include "commands/role_status.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "platform/files.hpp"
#include "platform/systemd_units.hpp"

namespace cmdsrv {
namespace {

constexpr std::string_view kStateFile = "/etc/iiab/iiab_state.yml";
constexpr std::string_view kConfDirectory = "/etc/nginx/conf.d/";
constexpr std::string_view kSiteDirectory = "/etc/nginx/sites-enabled/";

RoleStatus OfBoth(bool is, const std::string& sentence) {
  return {.installed = false, .enabled = is, .active = is, .about_enabled = sentence, .about_active = sentence};
}

RoleStatus OfFile(const Root& root, std::string_view directory, std::string_view file) {
  const std::string path = root.Path(fmt::format("{}{}", directory, file));
  const bool there = Look(path).has_value();
  return OfBoth(there, fmt::format("{} {}", path, there ? "is there" : "does not exist"));
}

RoleStatus OfUnit(std::string_view unit, const UnitFacts& facts) {
  return {.installed = false,
          .enabled = facts.IsEnabled(),
          .active = facts.IsActive(),
          .about_enabled = fmt::format("{} is {}", unit, facts.file),
          .about_active = fmt::format("{} is {}", unit, facts.active)};
}

}  // namespace

RoleReader::Statuses RoleReader::Look(std::span<const std::string> roles, int stop_fd) {
  const auto table = table_.Get();
  const auto state = ReadFile(root_.Path(kStateFile));
  const auto installed = InstalledRoles(state.value_or(""));
  Statuses statuses;
  std::vector<std::string> with_unit;
  UnitQuestion question{.units = {}, .stop_fd = stop_fd};
  for (const RoleRow& row : table->Rows()) {
    if (!roles.empty() && std::ranges::find(roles, row.name) == roles.end()) continue;
    RoleStatus& status = statuses.of[row.name];
    const bool is_installed = installed.contains(row.name);
    switch (row.source) {
      case RoleSource::Service:
        with_unit.push_back(row.name);
        question.units.push_back(UnitOrFileOf(row, variable_));
        break;
      case RoleSource::NginxConf: status = OfFile(root_, kConfDirectory, row.unit_or_file); break;
      case RoleSource::NginxSite: status = OfFile(root_, kSiteDirectory, row.unit_or_file); break;
      case RoleSource::Install:
        status = OfBoth(is_installed, fmt::format("{} is {}installed", row.name, is_installed ? "" : "not "));
        break;
      case RoleSource::Apache: status = OfBoth(false, fmt::format("{} is never enabled or active", row.name)); break;
    }
    status.installed = is_installed;
  }
  if (with_unit.empty()) return statuses;
  const auto facts = LookAtUnits(root_, question);
  if (!facts) statuses.trouble = facts.error().message;
  for (std::size_t i = 0; i < with_unit.size(); ++i) {
    RoleStatus& status = statuses.of[with_unit[i]];
    const bool is_installed = status.installed;
    status = facts ? OfUnit(question.units[i], (*facts)[i]) : OfBoth(false, statuses.trouble);
    status.installed = is_installed;
  }
  return statuses;
}

}  // namespace cmdsrv
