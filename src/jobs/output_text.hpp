#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "jobs/progress.hpp"

/// What people see of a step's output (spec jobs 6). Pure.
namespace cmdsrv {

inline constexpr std::size_t kShownLines = 10;
/// How much of the end of an output is read to find its last lines: enough for ten long ones among progress lines.
inline constexpr std::size_t kTailBytes = 256U << 10U;

struct ShownOutput {
  std::string text;
  std::optional<Progress> progress;
};

/// Of a running step: `raw` is the end of its output. The last lines, or all of it within `cap` bytes for `full_log`;
/// the newest progress is said in a last line.
ShownOutput OutputWhileRunning(std::string_view raw, bool full_log, std::size_t cap);

/// For jobs.job_output: as above without progress, followed by `remark` as a line of its own ("ended by signal 9
/// (Killed)").
std::string OutputAtEnd(std::string_view raw, bool full_log, std::size_t cap, std::string_view remark);

}  // namespace cmdsrv
