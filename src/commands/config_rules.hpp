#pragma once

#include <string>
#include <string_view>

#include "base/json.hpp"
#include "base/result.hpp"

/// What SET-CONF lets into local_vars.yml. Pure.
namespace cmdsrv {

/// Names are words of up to 64 characters; values are true, false, finite numbers or texts of up to 1000 characters
/// without control characters and without templates, which Ansible would carry out. Malformed otherwise.
Result<void> CheckConfigVariables(const json::object& given);

/// The checks of the Configure screen: host name, domain, addresses, password of the hotspot, open ports. Refused,
/// "Invalid value for NAME".
Result<void> CheckConfigFields(const json::object& given);

/// A number field comes back as text after editing: where the present value is an integer and the text a decimal one,
/// it becomes an integer again.
json::object WithNumbers(json::object given, const json::object& present);

}  // namespace cmdsrv
