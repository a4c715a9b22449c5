#pragma once

#include <string>

#include "steps/proof.hpp"

namespace cmdsrv {

/// Size, beginning, hash, then libzim's own check of the whole file. Prints progress lines of the phase "verify".
Proof ProveZim(const std::string& path, const ProofDemands& demands);

/// Without reading all of it: size and beginning, and libzim can open it.
Proof LookAtZim(const std::string& path, const ProofDemands& demands);

}  // namespace cmdsrv
