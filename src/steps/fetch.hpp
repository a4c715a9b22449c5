#pragma once

#include <functional>
#include <optional>
#include <string>

#include "steps/context.hpp"
#include "steps/fetch_request.hpp"
#include "steps/proof.hpp"
#include "steps/step.hpp"

namespace cmdsrv {

/// What a download is to become, and how one knows that it did.
struct FetchGoal {
  std::string directory;                                 ///< where to; ends in '/', made when missing
  std::string file;                                      ///< "X.zim": under this name only a proven file appears there
  std::string_view lock_prefix;                          ///< with the file_ref: one download of it at a time
  std::function<std::optional<std::string>()> needless;  ///< a sentence why nothing is to be done, or nothing
  std::function<Proof(const std::string& path, const ProofDemands&)> prove;
};

/// A file from the internet, resumed as often as needed, by aria2c or wget, taken only when it is proven. Ended by a
/// signal it leaves what it has for the next run; nobody else writes into it meanwhile.
StepEnd FetchFile(const Context& context, FetchRequest request, FetchGoal goal);

}  // namespace cmdsrv
