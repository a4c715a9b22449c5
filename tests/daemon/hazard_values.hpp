#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "commands/table.hpp"

/// What is sent to every parameter of every row of the command table, and which of it must be refused.
namespace cmdsrv::test {

/// Classes of hostile values; a set of them is a sum.
enum Hazard : unsigned {
  kTraversal = 1U << 0U,
  kOption = 1U << 1U,
  kShell = 1U << 2U,
  kNewline = 1U << 3U,
  kControl = 1U << 4U,
  kNul = 1U << 5U,
  kGlob = 1U << 6U,
  kEmpty = 1U << 7U,
  kBlank = 1U << 8U,
  kHuge = 1U << 9U,  ///< longer than the row allows
  kWrongType = 1U << 10U,
  kTemplate = 1U << 11U,  ///< Jinja, printf, HTML
  kUnicode = 1U << 12U,
  kNumber = 1U << 13U,    ///< outside of the bounds of the row, or no number
  kLimit = 1U << 14U,     ///< at the bounds, which is allowed
  kHere = 1U << 15U,      ///< "." and "/": a directory itself
  kPassword = 1U << 16U,  ///< a good one; sent to parameters that hold a secret
  kEverything = ~(kLimit | kPassword),
};

/// What a value that was carried out would leave in this directory beside the box; values mention it.
struct Outside {
  std::string directory;
  std::string Victim() const { return directory + "/victim"; }
};

/// Begins every line that a value would add to a file if it could; and every option that it would add.
inline constexpr std::string_view kInjected = "hazard_injected";

/// Sent as a password or key: it may be nowhere but where it belongs.
inline constexpr std::string_view kSecret = "s3cret-hazard-4711";

struct Attack {
  Hazard hazard;
  json::object arguments;  ///< the whole Command: the other parameters have harmless values
  bool by_class = false;   ///< the row alone must refuse it as malformed
  bool refused = false;    ///< some error must come, and nothing may be started
};

/// All attacks on one parameter of a row. Empty when nobody has said yet what its values mean: a text without a value
/// class needs an entry in kMeanings.
std::vector<Attack> AttacksOn(const CommandRowInfo& row, const Parameter& parameter, const Outside& outside);

/// Texts that are no Command at all, or one with unknown keys, of this verb. `unharmed`: may be answered as if the
/// arguments were good.
struct RawAttack {
  std::string text;
  bool unharmed = false;
};
std::vector<RawAttack> RawAttacksOn(const CommandRowInfo& row);

/// Entries of kMeanings that belong to no parameter of the table any more.
std::vector<std::string> StaleMeanings();

}  // namespace cmdsrv::test
