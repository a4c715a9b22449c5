#pragma once

#include <string_view>
#include <vector>

/// What texts and objects without a value class mean: the handler checks them, and this says what it must refuse.
namespace cmdsrv::test {

/// In a pattern: where the hostile text goes, as a value or as a key.
inline constexpr std::string_view kHole = "@";

struct Meaning {
  std::string_view parameter = {};            ///< "VERB.name"
  std::string_view pattern = R"("@")";        ///< JSON with a hole
  unsigned refused = 0;                       ///< hazards that must come back as an error
  std::string_view harmless = R"("hazard")";  ///< JSON; of the first entry of a parameter
};

/// In the order of the table; empty when nobody has said it yet.
std::vector<Meaning> MeaningsOf(std::string_view verb, std::string_view parameter);

}  // namespace cmdsrv::test
