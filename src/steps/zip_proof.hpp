#pragma once

#include <functional>
#include <string>

#include "base/result.hpp"
#include "steps/proof.hpp"

namespace cmdsrv {

/// A downloaded archive: beginning, end and table of contents (`plan` reads it and says what is wrong with it), size,
/// hash. The checksums of what is inside are proven by unpacking it.
Proof ProveArchive(const std::string& path, const ProofDemands& demands, const std::function<Result<void>()>& plan);

}  // namespace cmdsrv
