#include "jobs/ansible_tally.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace cmdsrv {
namespace {

constexpr std::size_t kMostText = 200;

/// What stands in the first brackets behind `head`.
std::string_view InBrackets(std::string_view line, std::string_view head) {
  line.remove_prefix(head.size());
  return line.substr(0, line.find(']'));
}

/// The value of "msg" in the JSON that follows a failure. Only its text is wanted, so it is not parsed: the line may be
/// cut, and it is hostile.
std::string MessageIn(std::string_view line) {
  constexpr std::string_view kKey = "\"msg\": \"";
  const auto at = line.find(kKey);
  if (at == std::string_view::npos) return {};
  std::string text;
  for (std::size_t i = at + kKey.size(); i < line.size() && line[i] != '"' && text.size() < 4 * kMostText; ++i) {
    if (line[i] != '\\' || i + 1 == line.size()) {
      text += line[i];
      continue;
    }
    const char next = line[++i];
    text += next == 'n' || next == 't' || next == 'r' ? ' ' : next;
  }
  return text;
}

/// One line that may be shown.
std::string Clean(std::string_view text) {
  std::string clean = CleanOutput(text);
  for (char& c : clean) {
    if (c == '\n' || c == '\t') c = ' ';
  }
  return Shorten(Trim(clean), kMostText);
}

}  // namespace

void AnsibleTally::Add(std::string_view line) {
  for (const std::string_view head : {"TASK [", "RUNNING HANDLER ["}) {
    if (!line.starts_with(head) || !line.ends_with('*')) continue;
    Count();
    const auto close = line.rfind(']');
    task_ = Clean(line.substr(head.size(), close == std::string_view::npos ? 0 : close - head.size()));
    return;
  }
  if (line.starts_with("PLAY [") || line.starts_with("PLAY RECAP *")) return Count();
  if (line.starts_with("ok: [")) {
    seen_.ok = true;
  } else if (line.starts_with("changed: [")) {
    seen_.changed = true;
  } else if (line.starts_with("skipping: [")) {
    seen_.skipped = true;
  } else if (line.starts_with("fatal: [") || line.starts_with("failed: [")) {
    ReadFailure(line);
  } else if (line == "...ignoring") {
    seen_.ok = seen_.ok || seen_.failed;
    seen_.changed = seen_.changed || seen_.failed_changed;
    seen_.failed = false;
    failed_task_.clear();
  } else if (line.starts_with("ERROR! ") && error_.empty()) {
    error_ = Clean(line.substr(7));
  }
}

void AnsibleTally::ReadFailure(std::string_view line) {
  seen_.failed = true;
  seen_.failed_changed = line.find("\"changed\": true") != std::string_view::npos;
  failed_task_ = task_;
  failed_host_ = Clean(InBrackets(line, line.starts_with("fatal: [") ? "fatal: [" : "failed: ["));
  message_ = Clean(MessageIn(line));
}

void AnsibleTally::Count() {
  if (seen_.failed) {
    ++counts_.failed;
  } else if (seen_.changed || seen_.ok) {
    ++counts_.ok;
    counts_.changed += seen_.changed ? 1 : 0;
  } else if (seen_.skipped) {
    ++counts_.skipped;
  }
  seen_ = {};
}

void AnsibleTally::Finish() { Count(); }

std::string AnsibleTally::Failure() const {
  if (failed_task_.empty()) return error_.empty() ? "" : "Ansible could not begin: " + error_;
  return fmt::format("task \"{}\" failed on {}{}{}", failed_task_, failed_host_, message_.empty() ? "" : ": ",
                     message_);
}

std::string AnsibleTally::Summary() const {
  std::string text = fmt::format("{} tasks ok, {} of them changed something", counts_.ok, counts_.changed);
  if (counts_.failed > 0) text += fmt::format(", {} failed", counts_.failed);
  if (counts_.skipped > 0) text += fmt::format(", {} skipped", counts_.skipped);
  return text;
}

AnsibleTally TallyAnsible(std::string_view output) {
  AnsibleTally tally;
  for (const std::string_view line : Split(output, '\n'))
    tally.Add(line.ends_with('\r') ? line.substr(0, line.size() - 1) : line);
  tally.Finish();
  return tally;
}

}  // namespace cmdsrv
