#include "jobs/progress_tracker.hpp"

#include <algorithm>

namespace cmdsrv {
namespace {

constexpr std::size_t kLongestLine = 4096;
constexpr std::size_t kLongestPlain = 256;
/// What the Minder writes between two tries of a step: the next one begins anew.
constexpr std::string_view kTryMark = "--- try ";
/// Of rsync, before the first file; they name nothing.
constexpr std::string_view kNoNames[] = {"receiving ", "sending ", "created directory ", "building "};

/// Colours and cursor movements, ESC [ … letter, are not part of what a line says.
std::string WithoutEscapes(std::string_view line) {
  std::string text;
  text.reserve(line.size());
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] != '\x1b') {
      text += line[i];
    } else if (i + 1 < line.size() && line[i + 1] == '[') {
      i += 2;
      while (i < line.size() && (line[i] < '@' || line[i] > '~')) ++i;
    }
  }
  return text;
}

}  // namespace

void ProgressTracker::Add(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find_first_of("\r\n");
    const std::string_view piece = bytes.substr(0, end);
    const std::size_t room = kLongestLine - line_.size();
    too_long_ = too_long_ || piece.size() > room;
    line_ += piece.substr(0, room);
    if (end == std::string_view::npos) return;
    EndLine();
    bytes.remove_prefix(end + 1);
  }
}

void ProgressTracker::EndLine() {
  if (!too_long_ && !line_.empty()) {
    auto progress = Read(line_.find('\x1b') == std::string::npos ? line_ : WithoutEscapes(line_));
    if (progress) {
      newest_ = newest_ ? Later(*newest_, std::move(*progress)) : Later({}, std::move(*progress));
      if (!first_) first_ = newest_;
    }
  }
  line_.clear();
  too_long_ = false;
}

std::optional<Progress> ProgressTracker::Read(std::string_view line) {
  if (auto own = ParseProgress(line)) {
    own_lines_ = true;
    return own;
  }
  if (line.starts_with(kTryMark) && line.ends_with(" ---")) {
    newest_.reset();
    context_ = {};
    return std::nullopt;
  }
  if (own_lines_) return std::nullopt;
  if (auto progress = ReadAria2Line(line)) return progress;
  if (auto progress = ReadRsyncLine(line, context_)) return progress;
  if (auto progress = ReadRcloneLine(line)) return progress;
  if (auto progress = ReadAnsibleLine(line, context_)) return progress;
  if (auto progress = ReadWgetLine(line, context_)) return progress;
  const bool names = std::ranges::none_of(kNoNames, [&](std::string_view head) { return line.starts_with(head); });
  context_.plain_line = names ? line.substr(0, kLongestPlain) : std::string_view();
  return std::nullopt;
}

std::optional<Progress> NewestProgress(std::string_view output) {
  ProgressTracker tracker;
  tracker.Add(output);
  return tracker.Newest();
}

}  // namespace cmdsrv
