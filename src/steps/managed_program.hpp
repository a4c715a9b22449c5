#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "steps/context.hpp"

namespace cmdsrv {

/// Runs a program to its end; its lines become the step's. TryLater with its last line when it fails: what these
/// programs do reaches far (networks, databases that are in use), and they do not say why they failed. `shown`:
/// "kolibri manage importchannel". Ended by a signal, the step ends as well. `grows`: the directory that gets the
/// bytes; NoSpace when they would take what jobs leave free on the system's disk; empty: any.
Result<void> RunManaged(const Context& context, const std::vector<std::string>& argv, std::string_view shown,
                        const std::string& directory = "/", const std::string& grows = {});

}  // namespace cmdsrv
