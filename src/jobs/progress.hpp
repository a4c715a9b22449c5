#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cmdsrv {

/// How far a step is, as it says itself. -1: unknown.
struct Progress {
  std::string phase = {};
  std::int64_t bytes = -1;
  std::int64_t total = -1;
  std::int64_t rate = -1;  ///< bytes a second
  std::int64_t eta_seconds = -1;
  int percent = -1;

  friend bool operator==(const Progress&, const Progress&) = default;
};

/// Sizes above this are nonsense, and sums of them must not overflow.
inline constexpr std::int64_t kMostBytes = std::int64_t{1} << 60U;

/// `now` after `before`: within a phase neither bytes nor percent go backwards, and a percentage that the line did not
/// give is computed. Numbers that contradict each other are left out.
Progress Later(const std::optional<Progress>& before, Progress now);

/// For the database; reads back as it was. Empty for a text that is none.
std::string PrintProgress(const Progress& progress);
std::optional<Progress> ReadPrintedProgress(std::string_view text);

/// Reads one line "@progress phase=download bytes=1 total=2 rate=3 eta=4". Words may be missing and come in any order,
/// unknown words are passed over, a number that is none counts as missing. `percent` is taken from its own word or
/// computed. Empty when the line is no progress line.
std::optional<Progress> ParseProgress(std::string_view line);

/// "download: 9.20M of 28.0M (32%), 3.00M/s, 6 s left"; unknown parts are left out.
std::string ProgressSentence(const Progress& progress);

struct ProgressSplit {
  std::string text;  ///< without the progress lines
  std::optional<Progress> first;
  std::optional<Progress> last;
};

/// Takes the progress lines out of cleaned output. A beginning of one at the end of the text is taken out too.
ProgressSplit SplitProgress(std::string_view output);

/// Whether a run whose first and last progress these are came any further: more bytes, more percent or another phase.
bool Progressed(const std::optional<Progress>& first, const std::optional<Progress>& last);

}  // namespace cmdsrv
