#include "content/roles.hpp"

#include <algorithm>

#include "base/json.hpp"
#include "base/log.hpp"
#include "base/names.hpp"
#include "base/text.hpp"
#include "platform/systemd_units.hpp"

namespace cmdsrv {
namespace {

constexpr std::size_t kFileLimit = 1U << 20U;

std::optional<RoleSource> SourceOf(std::string_view word) {
  if (word == "service") return RoleSource::Service;
  if (word == "nginx-conf") return RoleSource::NginxConf;
  if (word == "nginx-site") return RoleSource::NginxSite;
  if (word == "install") return RoleSource::Install;
  if (word == "apache") return RoleSource::Apache;
  return std::nullopt;
}

/// Empty, or what is wrong with the row.
std::string Complaint(const RoleRow& row) {
  if (!IsSafeName(row.name)) return "is no name of a role";
  if (row.source == RoleSource::Service && !IsUnitName(row.unit_or_file)) return "needs \"unit\", the name of a unit";
  const bool is_file = row.source == RoleSource::NginxConf || row.source == RoleSource::NginxSite;
  if (is_file && !IsSafeName(row.unit_or_file)) return "needs \"file\", the name of a file";
  return {};
}

/// The booleans of YAML that mean yes.
bool MeansYes(std::string_view value) {
  if (const auto comment = value.find(" #"); comment != std::string_view::npos) value = value.substr(0, comment);
  value = Trim(value);
  if (value.size() >= 2 && (value[0] == '"' || value[0] == '\'') && value.back() == value[0])
    value = value.substr(1, value.size() - 2);
  constexpr std::array<std::string_view, 9> kYes = {"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"};
  return std::ranges::find(kYes, value) != kYes.end();
}

}  // namespace

static_assert(std::ranges::is_sorted(kRoles, {}, &Role::name));

const Role* FindRole(std::string_view name) {
  const auto found = std::ranges::lower_bound(kRoles, name, {}, &Role::name);
  return found != kRoles.end() && found->name == name ? &*found : nullptr;
}

std::string UnitOrFileOf(const RoleRow& role, const VariableOf& variable) {
  if (role.unit_variable.empty() || !variable) return role.unit_or_file;
  auto value = variable(role.unit_variable);
  if (!value || value->empty()) return role.unit_or_file;
  if (value->find('.') == std::string::npos) *value += ".service";
  return IsUnitName(*value) ? *value : role.unit_or_file;
}

RoleTable::RoleTable() {
  rows_.reserve(kRoles.size());
  for (const Role& role : kRoles) {
    rows_.push_back(
        {std::string(role.name), role.source, std::string(role.unit_or_file), std::string(role.unit_variable)});
  }
}

Result<RoleTable> RoleTable::Parse(std::string_view text) {
  const auto document = ParseJson(text);
  if (!document) return Failure(document.error());
  const json::object* top = document->if_object();
  const json::value* roles = top != nullptr ? top->if_contains("roles") : nullptr;
  if (roles == nullptr || !roles->is_object()) return Fail(ErrorCode::Corrupt, "there is no object \"roles\" in it");
  RoleTable table;
  for (const auto& [name, value] : roles->get_object()) {
    const auto complain = [&table, role = PrintableAscii(name, 40)](std::string_view what) {
      table.complaints_.push_back(fmt::format("the role {} {}", role, what));
    };
    const json::object* fields = value.if_object();
    const auto source = fields != nullptr ? SourceOf(TextMember(*fields, "source")) : std::nullopt;
    if (!source) {
      complain("needs \"source\": service, nginx-conf, nginx-site, install or apache");
      continue;
    }
    RoleRow row{std::string(name), *source, std::string(TextMember(*fields, "unit", TextMember(*fields, "file"))),
                std::string(TextMember(*fields, "unit_variable"))};
    if (const std::string complaint = Complaint(row); !complaint.empty()) {
      complain(complaint);
      continue;
    }
    table.Put(std::move(row));
  }
  return table;
}

void RoleTable::Put(RoleRow row) {
  const auto at = std::ranges::lower_bound(rows_, row.name, {}, &RoleRow::name);
  if (at != rows_.end() && at->name == row.name) {
    *at = std::move(row);
  } else {
    rows_.insert(at, std::move(row));
  }
}

const RoleRow* RoleTable::Find(std::string_view name) const {
  const auto found = std::ranges::find(rows_, name, &RoleRow::name);
  return found != rows_.end() ? &*found : nullptr;
}

std::shared_ptr<const RoleTable> RoleTableCache::Get() {
  const std::scoped_lock lock(mutex_);
  const auto facts = Look(path_);
  if (current_ && facts_ == facts) return current_;
  facts_ = facts;
  const auto text = ReadFile(path_, kFileLimit);
  if (!text && text.error().code == ErrorCode::NotFound) return current_ = std::make_shared<RoleTable>();
  auto parsed = text ? RoleTable::Parse(*text) : Failure(text.error());
  auto table = std::make_shared<RoleTable>();
  if (parsed)
    *table = *std::move(parsed);
  else
    table->complaints_.push_back(parsed.error().message + "; the roles of the program are used");
  for (std::string& complaint : table->complaints_) {
    complaint = fmt::format("{}: {}", path_, complaint);
    log::Warning({"content"}, "{}", complaint);
  }
  return current_ = std::move(table);
}

std::set<std::string, std::less<>> InstalledRoles(std::string_view state) {
  constexpr std::string_view kEnding = "_installed";
  std::set<std::string, std::less<>> roles;
  for (const std::string_view line : Split(state, '\n')) {
    const auto colon = line.find(':');
    const std::string_view key = line.substr(0, colon);
    if (colon == std::string_view::npos || !key.ends_with(kEnding)) continue;
    std::string role(key.substr(0, key.size() - kEnding.size()));
    if (MeansYes(line.substr(colon + 1))) {
      roles.insert(std::move(role));
    } else {
      roles.erase(role);
    }
  }
  return roles;
}

bool IsState(std::string_view text) { return text == "installed" || text == "enabled" || text == "active"; }

std::string_view PlaybookName(std::string_view role) {
  if (role == "calibreweb") return "calibre-web";
  if (role == "osm_vector_maps") return "osm-vector-maps";
  return role;
}

}  // namespace cmdsrv
