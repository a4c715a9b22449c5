#include "jobs/output_text.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "jobs/progress_tracker.hpp"

namespace cmdsrv {
namespace {

/// The end of `text` in at most `cap` bytes, from the beginning of a line where there is one, after a line that says
/// so.
std::string CutToEnd(std::string text, std::size_t cap) {
  if (text.size() <= cap) return text;
  constexpr std::string_view kMark = "[the beginning was cut; the job's log has more]\n";
  if (cap <= kMark.size()) return std::string(kMark.substr(0, cap));
  std::size_t begin = text.size() - (cap - kMark.size());
  const std::size_t newline = text.find('\n', begin);
  if (newline != std::string::npos && newline + 1 < text.size()) {
    begin = newline + 1;
  } else {
    while (begin < text.size() && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80) ++begin;
  }
  return std::string(kMark) + text.substr(begin);
}

std::string Choose(std::string text, bool full_log, std::size_t cap) {
  return CutToEnd(full_log ? std::move(text) : std::string(LastLines(text, kShownLines)), cap);
}

void AddLine(std::string& text, std::string_view line) {
  if (line.empty()) return;
  if (!text.empty() && text.back() != '\n') text += '\n';
  text += line;
}

}  // namespace

ShownOutput OutputWhileRunning(std::string_view raw, bool full_log, std::size_t cap) {
  ProgressSplit split = SplitProgress(CleanOutput(raw));
  ShownOutput shown{Choose(std::move(split.text), full_log, cap), NewestProgress(raw)};
  // Lines of our own were taken out of the text; what other programs say about their progress is there to read.
  if (split.last && shown.progress) AddLine(shown.text, ProgressSentence(*shown.progress));
  return shown;
}

std::string OutputAtEnd(std::string_view raw, bool full_log, std::size_t cap, std::string_view remark) {
  const std::size_t reserved = remark.empty() ? 0 : remark.size() + 1;
  std::string text = Choose(SplitProgress(CleanOutput(raw)).text, full_log, cap > reserved ? cap - reserved : 0);
  AddLine(text, remark);
  return text;
}

}  // namespace cmdsrv
