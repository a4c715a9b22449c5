#include "gateway/verb_gate.hpp"

#include <string>

#include "protocol/command.hpp"

namespace cmdsrv::gateway {
namespace {

/// The first run of letters, digits and "-", in upper case, whatever stands before it.
std::string FirstWord(std::string_view text) {
  std::string word;
  for (const char c : text) {
    const bool small = c >= 'a' && c <= 'z';
    const bool of_verb = small || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
    if (of_verb) {
      word.push_back(small ? static_cast<char>(c - 'a' + 'A') : c);
    } else if (!word.empty()) {
      break;
    }
  }
  return word;
}

}  // namespace

bool MayPass(std::string_view command, bool stop_allowed) {
  const std::string word = FirstWord(command);
  if (word == "AUTHENTICATE") return false;
  if (word != "STOP") return true;
  return stop_allowed && VerbOf(command) == "STOP";
}

}  // namespace cmdsrv::gateway
