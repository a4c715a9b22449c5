#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "steps/progress.hpp"

namespace cmdsrv {

/// Why a downloaded file is not the one that was wanted; each asks for another remedy.
enum class ProofFailure {
  None,
  WebPage,    ///< that of a login, for example: it goes away
  WrongKind,  ///< something else altogether
  TooShort,
  WrongSize,
  WrongHash,
  Unsound,
  Unfit,  ///< whole, and must not or need not be used: the same bytes would come again
  Unreadable,
};

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

/// How the page of a login begins, which some lines put in the place of anything.
bool LooksLikeAWebPage(std::string_view head);
bool IsWebPageFile(const std::string& path);

/// Nothing to prove where no hash is known.
Proof ProveHash(const std::string& path, const ProofDemands& demands, Progress& progress);

/// What `demands` says about a hash that was read already.
Proof CompareHash(const std::string& sha256, const ProofDemands& demands);

}  // namespace cmdsrv
