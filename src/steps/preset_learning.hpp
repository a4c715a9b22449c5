#pragma once

#include "base/json.hpp"
#include "base/result.hpp"
#include "steps/context.hpp"

/// What Kolibri and KA Lite hold on this box, from their databases, for a preset.
namespace cmdsrv {

struct LearningContent {
  json::object content;  ///< the member of content.json (spec config 7.10)
  double bytes = 0;      ///< of it, as far as known
};

/// Whole channels. NotFound or Corrupt when its database cannot be read.
Result<LearningContent> ReadKolibriContent(const Context& context);

/// Topics whose videos are all there. Errors as above.
Result<LearningContent> ReadKaliteContent(const Context& context);

}  // namespace cmdsrv
