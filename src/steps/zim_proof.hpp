#pragma once

#include <string>

#include "steps/proof.hpp"

namespace cmdsrv {

/// Beginning, size, hash, that libzim can open it, and the checksum that it carries; read once from end to end. Prints
/// progress lines of the phase "verify".
Proof ProveZim(const std::string& path, const ProofDemands& demands);

/// Without reading all of it: size and beginning, and libzim can open it.
Proof LookAtZim(const std::string& path, const ProofDemands& demands);

}  // namespace cmdsrv
