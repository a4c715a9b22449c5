// wget --progress=dot and bar, with -c:
//   --2026-11-23 10:50:11--  http://127.0.0.1/big.zim
//   Length: 157286400 (150M), 115343360 (110M) remaining [application/octet-stream]
//   Saving to: ‘out/big.zim’
//    32768K ,,,,,,,, ........ ........ ........ 42%  627M 0s
//   131072K ........ ........ ......           100%  343M=0.3s
//   out/small.zim        14%[=>                  ]   1.22M  3.00MB/s    eta 2s
#include <algorithm>

#include "base/text.hpp"
#include "jobs/progress_tracker.hpp"
#include "jobs/progress_words.hpp"

namespace cmdsrv {
namespace {

constexpr std::size_t kFileBytes = 200;

std::string_view BaseName(std::string_view path) { return path.substr(path.rfind('/') + 1); }

/// The quotes are ‘ ’ or ' ', by language; names may contain them too.
std::string FileOf(std::string_view quoted) {
  for (const std::string_view quote : {"‘", "'", "\""}) {
    if (quoted.starts_with(quote)) quoted.remove_prefix(quote.size());
  }
  for (const std::string_view quote : {"’", "'", "\""}) {
    if (quoted.ends_with(quote)) quoted.remove_suffix(quote.size());
  }
  quoted = BaseName(quoted);
  return std::string(quoted.substr(0, kFileBytes));
}

Progress Make(const ProgressContext& context, std::int64_t bytes, int percent) {
  Progress progress;
  progress.phase = CleanPhase("download", context.wget_file);
  progress.total = context.wget_length;
  progress.percent = percent;
  progress.bytes = bytes;
  if (progress.total < 0) return progress;
  // The line tells where it began; its percentage tells where it ends.
  if (percent >= 0) {
    const double part = static_cast<double>(progress.total) * percent / 100;
    progress.bytes = std::max(progress.bytes, percent == 100 ? progress.total : static_cast<std::int64_t>(part));
  }
  progress.bytes = std::min(progress.bytes, progress.total);
  return progress;
}

/// Behind the dots or the bar: rate and what is left of the time.
void TakeRate(Words& words, Progress& progress) {
  const std::string_view word = words.Next();  // "3.00MB/s", "627M", "343M=0.3s", "--.-KB/s"
  const std::string_view rate = word.substr(0, word.find('='));
  progress.rate = ReadRate(rate).value_or(ReadSize(rate).value_or(-1));
  if (word.find('=') != std::string_view::npos) {
    progress.eta_seconds = progress.percent == 100 ? 0 : -1;
    return;
  }
  if (words.Skip("in ")) {
    progress.eta_seconds = 0;
    return;
  }
  (void)words.Skip("eta ");
  progress.eta_seconds = ReadDuration(words.Rest()).value_or(-1);
}

std::optional<Progress> ReadDots(std::string_view line, const ProgressContext& context) {
  Words words(line);
  (void)words.While(" ");
  const std::string_view digits = words.While("0123456789");
  const auto offset = ToInteger(digits);
  if (!offset || *offset > (std::int64_t{1} << 50U) || !words.Skip("K")) return std::nullopt;
  const std::string_view dots = words.While(" .,");
  if (dots.find_first_of(".,") == std::string_view::npos) return std::nullopt;
  Words end = words;
  const auto percent = ReadPercent(end.Next());
  if (percent) words = end;
  Progress progress = Make(context, *offset * 1024, percent.value_or(-1));
  TakeRate(words, progress);
  if (!percent && progress.rate < 0) return std::nullopt;  // any text that begins with a number and K
  return progress;
}

std::optional<Progress> ReadBar(std::string_view line, const ProgressContext& context) {
  const std::size_t open = line.rfind('[');
  const std::size_t close = line.find(']', open == std::string_view::npos ? 0 : open);
  if (open == std::string_view::npos || close == std::string_view::npos) return std::nullopt;
  const std::string_view bar = line.substr(open + 1, close - open - 1);
  if (bar.size() < 3 || bar.find_first_not_of(" =<>+") != std::string_view::npos) return std::nullopt;
  std::optional<int> percent;
  if (open > 0 && line[open - 1] == '%') {
    const std::size_t before = line.find_last_not_of("0123456789", open - 2);
    const std::size_t begin = before == std::string_view::npos ? 0 : before + 1;
    percent = ReadPercent(line.substr(begin, open - begin));
    if (!percent) return std::nullopt;
  }
  Words words(line.substr(close + 1));
  const auto bytes = ReadSize(words.Next());
  if (!bytes) return std::nullopt;
  Progress progress = Make(context, *bytes, percent.value_or(-1));
  TakeRate(words, progress);
  return progress;
}

}  // namespace

std::optional<Progress> ReadWgetLine(std::string_view line, ProgressContext& context) {
  if (line.starts_with("--") && line.find("--  ", 2) != std::string_view::npos) {
    context.wget_length = -1;
    if (line.find("--  (try:") == std::string_view::npos) context.wget_file.clear();
    return std::nullopt;
  }
  if (line.starts_with("Length: ")) {
    context.wget_length = ReadSize(Words(line.substr(8)).Next()).value_or(-1);
    return std::nullopt;
  }
  if (line.starts_with("Saving to: ")) {
    context.wget_file = FileOf(line.substr(11));
    return std::nullopt;
  }
  if (auto dots = ReadDots(line, context)) return dots;
  return ReadBar(line, context);
}

}  // namespace cmdsrv
