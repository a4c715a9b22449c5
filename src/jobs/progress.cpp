#include "jobs/progress.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/names.hpp"
#include "base/text.hpp"

namespace cmdsrv {
namespace {

constexpr std::string_view kMark = "@progress";

std::int64_t Number(std::string_view text) {
  const auto number = ToInteger(text);
  return number && *number >= 0 ? *number : -1;
}

void Take(Progress& progress, std::string_view word) {
  const std::size_t equals = word.find('=');
  if (equals == std::string_view::npos) return;
  const std::string_view key = word.substr(0, equals);
  const std::string_view value = word.substr(equals + 1);
  if (key == "phase" && IsSafeName(value)) {
    progress.phase = value.substr(0, 40);
  } else if (key == "bytes") {
    progress.bytes = Number(value);
  } else if (key == "total") {
    progress.total = Number(value);
  } else if (key == "rate") {
    progress.rate = Number(value);
  } else if (key == "eta") {
    progress.eta_seconds = Number(value);
  } else if (key == "percent") {
    progress.percent = static_cast<int>(std::min<std::int64_t>(Number(value), 100));
  }
}

/// Rounded down: 100% is said when all is there.
int PercentOf(std::int64_t bytes, std::int64_t total) {
  return static_cast<int>(std::min(static_cast<double>(bytes) / static_cast<double>(total), 1.0) * 100);
}

std::string Duration(std::int64_t seconds) {
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 3600) return fmt::format("{} min {} s", seconds / 60, seconds % 60);
  if (seconds < 86400) return fmt::format("{} h {} min", seconds / 3600, seconds / 60 % 60);
  return fmt::format("{} d {} h", seconds / 86400, seconds / 3600 % 24);
}

std::string Size(std::int64_t bytes) { return HumanSize(static_cast<double>(bytes)); }

/// The line is a progress line, or the part of one that the step has printed so far.
bool IsProgressLine(std::string_view line, bool complete) {
  if (line.starts_with(kMark) && (line.size() == kMark.size() || line[kMark.size()] == ' ')) return true;
  return !complete && !line.empty() && kMark.starts_with(line);
}

}  // namespace

std::optional<Progress> ParseProgress(std::string_view line) {
  if (!IsProgressLine(line, true)) return std::nullopt;
  Progress progress;
  for (const std::string_view word : Split(line.substr(kMark.size()), ' ')) Take(progress, word);
  if (progress.percent < 0 && progress.bytes >= 0 && progress.total > 0)
    progress.percent = PercentOf(progress.bytes, progress.total);
  return progress;
}

Progress Later(const std::optional<Progress>& before, Progress now) {
  if (now.total >= 0 && now.bytes > now.total) now.total = -1;
  if (now.percent < 0 && now.bytes >= 0 && now.total > 0) now.percent = PercentOf(now.bytes, now.total);
  if (!before || before->phase != now.phase) return now;
  now.bytes = std::max(now.bytes, before->bytes);
  now.percent = std::max(now.percent, before->percent);
  if (now.total >= 0 && now.bytes > now.total) now.total = -1;
  return now;
}

std::string PrintProgress(const Progress& progress) {
  return fmt::format("bytes={} total={} rate={} eta={} percent={} phase={}", progress.bytes, progress.total,
                     progress.rate, progress.eta_seconds, progress.percent, progress.phase);
}

std::optional<Progress> ReadPrintedProgress(std::string_view text) {
  const std::size_t at = text.find("phase=");
  if (at == std::string_view::npos) return std::nullopt;
  Progress progress;
  for (const std::string_view word : Split(text.substr(0, at), ' ')) Take(progress, word);
  progress.phase = text.substr(at + 6);
  return progress;
}

std::string ProgressSentence(const Progress& progress) {
  std::string sentence;
  const auto add = [&sentence](const std::string& part) {
    if (!sentence.empty()) sentence += ", ";
    sentence += part;
  };
  if (progress.bytes >= 0 && progress.total >= 0) {
    add(fmt::format("{} of {}", Size(progress.bytes), Size(progress.total)));
  } else if (progress.bytes >= 0) {
    add(Size(progress.bytes));
  }
  if (progress.percent >= 0)
    sentence += fmt::format("{}{}%{}", sentence.empty() ? "" : " (", progress.percent, sentence.empty() ? "" : ")");
  if (progress.rate >= 0) add(fmt::format("{}/s", Size(progress.rate)));
  if (progress.eta_seconds >= 0) add(fmt::format("{} left", Duration(progress.eta_seconds)));
  if (progress.phase.empty()) return sentence;
  return sentence.empty() ? progress.phase : fmt::format("{}: {}", progress.phase, sentence);
}

ProgressSplit SplitProgress(std::string_view output) {
  ProgressSplit split;
  split.text.reserve(output.size());
  while (!output.empty()) {
    const std::size_t newline = output.find('\n');
    const bool complete = newline != std::string_view::npos;
    const std::string_view line = output.substr(0, newline);
    const std::string_view with_newline = output.substr(0, complete ? newline + 1 : newline);
    output.remove_prefix(with_newline.size());
    if (!IsProgressLine(line, complete)) {
      split.text += with_newline;
    } else if (complete) {  // of an unfinished line the last number may lack digits
      split.last = ParseProgress(line);
      if (!split.first) split.first = split.last;
    }
  }
  return split;
}

bool Progressed(const std::optional<Progress>& first, const std::optional<Progress>& last) {
  if (!first || !last) return false;
  return first->phase != last->phase || first->bytes < last->bytes || first->percent < last->percent;
}

}  // namespace cmdsrv
