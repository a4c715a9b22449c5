#pragma once

#include <cstdint>
#include <string>

#include "base/result.hpp"

namespace cmdsrv {

/// Why a downloaded file is not the ZIM that was wanted; each asks for another remedy.
enum class ProofFailure { None, WebPage, NoZim, TooShort, WrongSize, WrongHash, Unsound, Unreadable };

struct Proof {
  ProofFailure failure = ProofFailure::None;
  std::string message;  ///< a sentence, when it failed

  explicit operator bool() const { return failure == ProofFailure::None; }
};

struct ProofDemands {
  std::uint64_t bytes = 0;   ///< 0: unknown
  std::uint64_t size_k = 0;  ///< of the catalog; 0: unknown
  std::string sha256;        ///< empty: unknown
};

/// Size, beginning, hash, then libzim's own check of the whole file. Prints progress lines of the phase "verify".
Proof ProveZim(const std::string& path, const ProofDemands& demands);

/// Without reading all of it: size and beginning, and libzim can open it.
Proof LookAtZim(const std::string& path, const ProofDemands& demands);

}  // namespace cmdsrv
