#include "ctl/echo.hpp"

#include <algorithm>

#include "base/names.hpp"
#include "base/text.hpp"
#include "protocol/command.hpp"

namespace cmdsrv::ctl {
namespace {

constexpr std::size_t kLongestVerb = 40;

/// A first word that somebody meant as a verb, and not a JSON text or a password.
bool LooksLikeVerb(std::string_view word) {
  return !word.empty() && word.size() <= kLongestVerb && std::ranges::all_of(word, [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

bool SaidToBeHarmless(std::string_view verb, const json::value* commands) {
  if (commands == nullptr || !commands->is_array()) return false;
  for (const json::value& row : commands->get_array()) {
    if (!row.is_object() || TextMember(row.get_object(), "verb") != verb) continue;
    const json::value* sensitive = row.get_object().if_contains("sensitive");
    return sensitive != nullptr && sensitive->is_bool() && !sensitive->get_bool();
  }
  return false;
}

}  // namespace

bool IsHarmlessAlone(std::string_view message) { return message.size() <= kLongestVerb && IsVerb(message); }

std::string ShownMessage(std::string_view message, const json::value* commands) {
  if (IsHarmlessAlone(message)) return std::string(message);
  const std::string_view verb = VerbOf(message);
  if (SaidToBeHarmless(verb, commands)) return MaskUrlCredentials(message);
  return LooksLikeVerb(verb) ? std::string(verb) + " ***" : "***";
}

}  // namespace cmdsrv::ctl
