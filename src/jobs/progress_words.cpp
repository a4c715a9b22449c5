#include "jobs/progress_words.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace cmdsrv {
namespace {

constexpr std::size_t kNameBytes = 60;
constexpr double kMost = 9e18;

/// Powers of the unit: "" and B are 0, K 1, M 2 …; empty when the word is no unit.
struct Unit {
  int power = 0;
  bool binary = false;
};

std::optional<Unit> ReadUnit(std::string_view text) {
  constexpr std::string_view kLetters = "KMGTPE";
  Unit unit;
  if (text.empty() || text == "B") return unit;
  const char letter = text.front() == 'k' ? 'K' : text.front();
  const auto at = kLetters.find(letter);
  if (at == std::string_view::npos) return std::nullopt;
  unit.power = static_cast<int>(at) + 1;
  text.remove_prefix(1);
  unit.binary = text.starts_with('i');
  if (unit.binary) text.remove_prefix(1);
  if (!text.empty() && text != "B") return std::nullopt;
  return unit;
}

/// "1,234.56" without its commas; empty when it is no number.
std::optional<double> ReadNumber(std::string_view text) {
  double number = 0;
  double place = 0;
  bool digits = false;
  for (const char c : text) {
    if (c == ',' && digits && place == 0) continue;
    if (c == '.' && place == 0) {
      place = 0.1;
    } else if (c < '0' || c > '9') {
      return std::nullopt;
    } else if (place == 0) {
      digits = true;
      number = number * 10 + (c - '0');
    } else {
      digits = true;
      number += (c - '0') * place;
      place /= 10;
    }
  }
  return digits ? std::optional(number) : std::nullopt;
}

std::optional<std::int64_t> ReadClock(std::string_view text) {
  std::int64_t seconds = 0;
  for (const std::string_view part : Split(text, ':')) {
    const auto number = ToInteger(part);
    if (!number || *number < 0 || *number > 1'000'000) return std::nullopt;
    seconds = seconds * 60 + *number;
  }
  return seconds;
}

int SecondsOf(char unit) {
  switch (unit) {
    case 's': return 1;
    case 'm': return 60;
    case 'h': return 3600;
    case 'd': return 86'400;
    default: return 0;
  }
}

}  // namespace

std::string_view Words::Next() {
  (void)While(" \t");
  const std::string_view word = rest_.substr(0, rest_.find_first_of(" \t"));
  rest_.remove_prefix(word.size());
  return word;
}

bool Words::Skip(std::string_view text) {
  (void)While(" \t");
  if (!rest_.starts_with(text)) return false;
  rest_.remove_prefix(text.size());
  return true;
}

std::string_view Words::While(std::string_view set) {
  const std::string_view taken = rest_.substr(0, rest_.find_first_not_of(set));
  rest_.remove_prefix(taken.size());
  return taken;
}

std::optional<std::int64_t> ReadSize(std::string_view word, int base) {
  const std::size_t end = std::min(word.find_first_not_of("0123456789.,"), word.size());
  const auto number = ReadNumber(word.substr(0, end));
  const auto unit = ReadUnit(word.substr(end));
  if (!number || !unit) return std::nullopt;
  double size = *number;
  for (int i = 0; i < unit->power; ++i) size *= unit->binary ? 1024 : base;
  return size < kMost ? std::optional(static_cast<std::int64_t>(size)) : std::nullopt;
}

std::optional<std::int64_t> ReadRate(std::string_view word, int base) {
  if (!word.ends_with("/s")) return std::nullopt;
  word.remove_suffix(2);
  return ReadSize(word, base);
}

std::optional<int> ReadPercent(std::string_view word) {
  if (!word.ends_with('%') || word.size() > 4) return std::nullopt;
  const auto number = ToInteger(word.substr(0, word.size() - 1));
  if (!number || *number < 0 || *number > 100) return std::nullopt;
  return static_cast<int>(*number);
}

std::optional<std::int64_t> ReadDuration(std::string_view text) {
  text = Trim(text);
  if (text.find(':') != std::string_view::npos) return ReadClock(text);
  double seconds = 0;
  bool any = false;
  while (!text.empty()) {
    const std::size_t end = text.find_first_not_of("0123456789.");
    if (end == 0 || end == std::string_view::npos) return std::nullopt;
    const auto number = ReadNumber(text.substr(0, end));
    const int unit = SecondsOf(text[end]);
    if (!number || unit == 0) return std::nullopt;
    seconds += *number * unit;
    any = true;
    text = Trim(text.substr(end + 1));
  }
  if (!any || seconds >= kMost) return std::nullopt;
  return static_cast<std::int64_t>(seconds);
}

std::string CleanPhase(std::string_view kind, std::string_view name) {
  std::string clean = CleanOutput(name);
  for (char& c : clean) {
    if (c == '\n' || c == '\t') c = ' ';
    if (std::string_view("<>&\"'").find(c) != std::string_view::npos) c = '?';
  }
  std::string_view shown = Trim(clean);
  if (shown.size() > kNameBytes) {
    shown.remove_prefix(shown.size() - kNameBytes);
    while (!shown.empty() && (static_cast<unsigned char>(shown.front()) & 0xC0) == 0x80) shown.remove_prefix(1);
    shown = Trim(shown);
  }
  std::string phase(kind);
  if (!shown.empty()) phase += ": ";
  return phase.append(shown);
}

}  // namespace cmdsrv
