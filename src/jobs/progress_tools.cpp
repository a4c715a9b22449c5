// aria2c, rsync, rclone and ansible-playbook, a line at a time. tests/data/progress has what they really print.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "jobs/progress_tracker.hpp"
#include "jobs/progress_words.hpp"

namespace cmdsrv {
namespace {

/// "9.2MiB/28MiB(32%)" or "0B/0B": adds to what is there and what is wanted. A total of 0 is one that nobody knows yet.
bool AddAmount(std::string_view word, Progress& progress) {
  const std::size_t slash = word.find('/');
  if (slash == std::string_view::npos) return false;
  const std::size_t open = word.find('(', slash);
  const auto bytes = ReadSize(word.substr(0, slash));
  const auto total = ReadSize(word.substr(slash + 1, open == std::string_view::npos ? open : open - slash - 1));
  if (!bytes || !total || *bytes > kMostBytes || *total > kMostBytes) return false;
  const bool first = progress.bytes < 0;
  progress.bytes = (first ? 0 : progress.bytes) + *bytes;
  const bool known = *total > 0 && (first || progress.total >= 0);
  progress.total = known ? (first ? 0 : progress.total) + *total : -1;
  if (progress.bytes > kMostBytes || progress.total > kMostBytes) return false;
  return true;
}

/// "Transferred:" or the end of a log line's head: what follows is the sum.
std::string_view AfterRcloneHead(std::string_view line) {
  for (const std::string_view head : {"Transferred:", " NOTICE:", " INFO  :", " DEBUG :"}) {
    const std::size_t at = line.rfind(head);
    if (at != std::string_view::npos) return line.substr(at + head.size());
  }
  return {};
}

/// "1.238 MiB" as one size.
std::optional<std::int64_t> TakeSize(Words& words, std::string_view& end) {
  const std::string_view number = words.Next();
  std::string_view unit = words.Next();
  end = unit.substr(std::min(unit.find_last_not_of(",") + 1, unit.size()));
  unit = unit.substr(0, unit.size() - end.size());
  return ReadSize(std::string(number.substr(0, 40)).append(unit.substr(0, 10)));
}

/// " (12 ok, 3 changed, 1 failed)"; nothing before the first task has ended.
std::string CountsOf(const AnsibleTally& tally) {
  const auto& tasks = tally.Tasks();
  if (tasks.ok + tasks.failed == 0) return {};
  const std::string failed = tasks.failed > 0 ? fmt::format(", {} failed", tasks.failed) : std::string();
  return fmt::format(" ({} ok, {} changed{})", tasks.ok, tasks.changed, failed);
}

bool EndsInStars(std::string_view line) { return line.ends_with("***"); }

}  // namespace

/// [#6160b1 9.2MiB/28MiB(32%) CN:1 DL:3.0MiB ETA:6s], also with [Checksum:#…] or [FileAlloc:#…] behind it, and
/// [DL:1.0MiB][#a 1MiB/2MiB(50%)][#b …] for several files.
std::optional<Progress> ReadAria2Line(std::string_view line) {
  if (!line.starts_with("[#") && !line.starts_with("[DL:")) return std::nullopt;
  Progress progress;
  progress.phase = "download";
  bool other_work = false;
  while (line.starts_with('[')) {
    const std::size_t close = line.find(']');
    if (close == std::string_view::npos) break;
    Words words(line.substr(1, close - 1));
    line = Trim(line.substr(close + 1));
    std::string_view word = words.Next();
    const bool checks = word.starts_with("Checksum:#");
    if (checks || word.starts_with("FileAlloc:#")) {
      progress = {};
      progress.phase = checks ? "verify" : "allocate";
      other_work = true;
    } else if (!word.starts_with('#') && !word.starts_with("DL:")) {
      continue;
    } else if (other_work) {
      break;
    }
    if (word.starts_with("DL:")) progress.rate = ReadSize(word.substr(3)).value_or(-1);
    if (word.find('#') != std::string_view::npos && !AddAmount(words.Next(), progress)) return std::nullopt;
    while (!(word = words.Next()).empty()) {
      if (word.starts_with("DL:")) progress.rate = ReadSize(word.substr(3)).value_or(-1);
      if (word.starts_with("ETA:")) progress.eta_seconds = ReadDuration(word.substr(4)).value_or(-1);
    }
  }
  if (progress.bytes < 0) return std::nullopt;
  return progress;
}

///        1500000   8%    4.57MB/s    0:00:00 (xfr#1, to-chk=3/5): of all files with --info=progress2, of the one named
/// in the line before with -P.
std::optional<Progress> ReadRsyncLine(std::string_view line, const ProgressContext& context) {
  if (!line.starts_with(' ')) return std::nullopt;
  Words words(line);
  const auto bytes = ReadSize(words.Next(), 1000);
  const auto percent = ReadPercent(words.Next());
  const auto rate = ReadRate(words.Next());
  const std::string_view time = words.Next();
  if (!bytes || !percent || !rate || time.find(':') == std::string_view::npos) return std::nullopt;
  Progress progress;
  progress.phase = CleanPhase("copy", context.plain_line);
  progress.bytes = *bytes;
  progress.percent = *percent;
  progress.rate = *rate;
  progress.eta_seconds = ReadDuration(time).value_or(-1);
  if (words.Skip("(xfr#") && *percent == 100) progress.total = progress.bytes;
  return progress;
}

/// 2026/11/23 10:50:24 NOTICE:     3.853 MiB / 8.583 MiB, 45%, 0 B/s, ETA -
/// Transferred:   	    1.798 MiB / 8.583 MiB, 21%, 0 B/s, ETA -
std::optional<Progress> ReadRcloneLine(std::string_view line) {
  Words words(AfterRcloneHead(line));
  std::string_view end;
  const auto bytes = TakeSize(words, end);
  if (!bytes || !end.empty() || !words.Skip("/")) return std::nullopt;
  const auto total = TakeSize(words, end);
  if (!total || end != ",") return std::nullopt;
  std::string_view percent = words.Next();  // "-," while the total is not known
  const bool no_percent = percent == "-,";
  if (percent.ends_with(',')) percent.remove_suffix(1);
  Progress progress;
  progress.phase = "copy";
  progress.bytes = *bytes;
  progress.total = *total > 0 ? *total : -1;
  progress.percent = ReadPercent(percent).value_or(-1);
  if (progress.percent < 0 && !no_percent) return std::nullopt;
  const std::string_view number = words.Next();
  std::string_view unit = words.Next();
  if (unit.ends_with(',')) unit.remove_suffix(1);
  const auto rate = ReadRate(std::string(number.substr(0, 40)).append(unit.substr(0, 10)));
  if (!rate || !words.Skip("ETA ")) return std::nullopt;
  progress.rate = *rate;
  progress.eta_seconds = ReadDuration(words.Next()).value_or(-1);
  return progress;
}

/// TASK [kiwix : Install kiwix-tools] *****: how many are still to come, nobody knows; how the others ended is told.
std::optional<Progress> ReadAnsibleLine(std::string_view line, ProgressContext& context) {
  context.ansible.Add(line);
  if (!EndsInStars(line)) return std::nullopt;
  Progress progress;
  if (line.starts_with("PLAY RECAP *")) {
    progress.phase = "recap" + CountsOf(context.ansible);
    return progress;
  }
  static constexpr std::pair<std::string_view, std::string_view> kHeads[] = {
      {"TASK [", "task"}, {"RUNNING HANDLER [", "handler"}, {"PLAY [", "play"}};
  for (const auto& [head, kind] : kHeads) {
    if (!line.starts_with(head)) continue;
    const std::size_t close = line.rfind(']');
    if (close == std::string_view::npos || close < head.size()) return std::nullopt;
    progress.phase = CleanPhase(kind, line.substr(head.size(), close - head.size())) + CountsOf(context.ansible);
    return progress;
  }
  return std::nullopt;
}

}  // namespace cmdsrv
