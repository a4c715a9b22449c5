#include "content/variables_merge.hpp"

#include <algorithm>
#include <map>

#include "content/yaml_lines.hpp"
#include "content/yaml_scalar.hpp"
#include "platform/files.hpp"

namespace cmdsrv {
namespace {

constexpr std::uint32_t kLockWaitMs = 10'000;
constexpr int kLockTries = 100;

constexpr std::string_view kSeparator =
    "\n"
    "\n"
    "############################################################################\n"
    "# IIAB -- following variables are not in the file above: they were set in the Admin Console.\n"
    "# Change them there or here, as you like.\n"
    "\n";

/// A line that is exchanged, together with those below it that belong to its value.
struct Exchange {
  std::string line;
  std::size_t end = 0;  ///< the first line below that stays
};

std::string WithValue(const ValueLine& parts, const std::string& value) {
  std::string line(parts.head);
  const bool comment = parts.tail.find('#') != std::string_view::npos;
  if (!value.empty()) line += parts.gap.empty() ? std::string_view(" ") : parts.gap;
  line += value;
  if (comment && !(parts.tail.front() == ' ' || parts.tail.front() == '\t')) line += ' ';
  // Blanks at the end of a line mean nothing, but they are not ours to remove.
  return line.append(parts.tail);
}

class Merge {
 public:
  Merge(std::string_view text, const json::object& changes, const std::vector<YamlEntry>& entries)
      : text_(SplitLines(text)), changes_(changes), entries_(entries) {}

  std::string Run() {
    FindExchanges();
    std::string out;
    for (std::size_t i = 0; i < text_.lines.size();) {
      const auto found = exchanges_.find(i);
      out += found == exchanges_.end() ? text_.lines[i] : std::string_view(found->second.line);
      i = found == exchanges_.end() ? i + 1 : found->second.end;
      if (i < text_.lines.size() || text_.ends_in_newline) out += '\n';
    }
    AppendNew(out);
    return out;
  }

 private:
  void FindExchanges() {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      const YamlEntry& entry = entries_[i];
      const json::value* wanted = changes_.if_contains(entry.key);
      if (wanted == nullptr || *wanted == entry.value || entry.column != 0) continue;
      if (entry.line >= text_.lines.size()) continue;
      const ValueLine parts = SplitValueLine(text_.lines[entry.line], entry.key);
      if (parts.head.empty()) continue;  // "? key", a quoted key: reading the result again finds it unchanged
      const std::size_t limit = i + 1 < entries_.size() ? entries_[i + 1].line : text_.lines.size();
      exchanges_[entry.line] = {WithValue(parts, SpellScalar(*wanted)),
                                EndOfValue(text_.lines, entry.line, limit, parts)};
    }
  }

  void AppendNew(std::string& out) const {
    const bool has_carriage_returns = !text_.lines.empty() && text_.lines.front().ends_with('\r');
    std::string added;
    for (const auto& [name, value] : changes_) {
      const bool known = std::ranges::any_of(entries_, [&](const YamlEntry& entry) { return entry.key == name; });
      if (known) continue;
      const std::string spelled = SpellScalar(value);
      added.append(name).append(":").append(spelled.empty() ? "" : " ").append(spelled).append("\n");
    }
    if (added.empty()) return;
    const bool separated =
        std::ranges::any_of(text_.lines, [](std::string_view line) { return line.starts_with(kSeparatorHead); });
    if (!separated) added.insert(0, kSeparator);
    if (!out.empty() && !out.ends_with('\n')) out += has_carriage_returns ? "\r\n" : "\n";
    for (const char c : added) {
      if (c == '\n' && has_carriage_returns) out += '\r';
      out += c;
    }
  }

  const Lines text_;
  const json::object& changes_;
  const std::vector<YamlEntry>& entries_;
  std::map<std::size_t, Exchange> exchanges_;
};

/// Every variable is as it was, or as it was wanted.
bool IsAsWanted(std::string_view text, json::object before, const json::object& changes) {
  const auto entries = ReadYaml(text);
  if (!entries) return false;
  for (const auto& [name, value] : changes) before[name] = value;
  if (ValuesOf(*entries).size() != before.size()) return false;
  // Of a key that is there twice, every line must say the same.
  return std::ranges::all_of(*entries,
                             [&](const YamlEntry& entry) {
                               const json::value* wanted = before.if_contains(entry.key);
                               return wanted != nullptr && (!changes.contains(entry.key) || entry.value == *wanted);
                             }) &&
         ValuesOf(*entries) == before;
}

/// The lock on the file itself: on the one that has the name now, not on one that was replaced while we waited.
Result<FileLock> LockFile(const std::string& path) {
  for (int i = 0; i < kLockTries; ++i) {
    const auto before = Look(path);
    auto lock = FileLock::Take(path, kLockWaitMs);
    if (!lock) return lock;
    const auto now = Look(path);
    if (before && now && before->inode == now->inode && before->device == now->device) return lock;
  }
  return Fail(ErrorCode::Busy, "cannot lock {}: it is replaced all the time", path);
}

}  // namespace

Result<std::string> MergeVariables(std::string_view text, const json::object& changes) {
  const auto entries = ReadYaml(text);
  if (!entries)
    return Fail(ErrorCode::Corrupt, "line {} of the variables: {}", entries.error().line, entries.error().what);
  std::string merged = Merge(text, changes, *entries).Run();
  if (!IsAsWanted(merged, ValuesOf(*entries), changes))
    return Fail(ErrorCode::Corrupt, "the changed variables would not be read as they were meant");
  return merged;
}

Result<void> ChangeVariablesFile(const std::string& path, const json::object& changes) {
  const auto lock = LockFile(path);
  if (!lock) return Failure(lock.error());
  const auto text = ReadFile(path, kYamlLimit);
  if (!text) return Failure(text.error());
  const auto merged = MergeVariables(*text, changes);
  if (!merged) return Failure(merged.error());
  if (*merged == *text) return {};
  return WriteFileAtomically(path, *merged, {.mode = 0644, .backup = path + ".bak"});
}

}  // namespace cmdsrv
