#include "content/roles.hpp"

#include <algorithm>

namespace cmdsrv {

static_assert(std::ranges::is_sorted(kRoles, {}, &Role::name));

const Role* FindRole(std::string_view name) {
  const auto found = std::ranges::lower_bound(kRoles, name, {}, &Role::name);
  return found != kRoles.end() && found->name == name ? &*found : nullptr;
}

bool IsState(std::string_view text) { return text == "installed" || text == "enabled" || text == "active"; }

std::string_view PlaybookName(std::string_view role) {
  if (role == "calibreweb") return "calibre-web";
  if (role == "osm_vector_maps") return "osm-vector-maps";
  return role;
}

}  // namespace cmdsrv
