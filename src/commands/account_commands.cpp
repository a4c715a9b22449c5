#include <algorithm>

#include "base/log.hpp"
#include "base/text.hpp"
#include "commands/handlers.hpp"
#include "platform/passwords.hpp"

namespace cmdsrv {
namespace {

constexpr log::Domain kCommands{"commands"};
constexpr std::size_t kShortest = 8, kLongest = 256;
constexpr std::size_t kLoggedName = 40;

std::string TextOf(const Arguments& arguments, std::string_view name) {
  return std::string(arguments.Text(name).value_or(""));
}

bool IsUserName(std::string_view name) {
  constexpr std::string_view kFirst = "abcdefghijklmnopqrstuvwxyz_";
  constexpr std::string_view kOther = "abcdefghijklmnopqrstuvwxyz_0123456789-";
  if (name.ends_with('$')) name.remove_suffix(1);
  return !name.empty() && name.size() <= 32 && kFirst.find(name[0]) != std::string_view::npos &&
         name.find_first_not_of(kOther) == std::string_view::npos;
}

Late WrongPassword(Services& services, const std::string& user, Result<Answer> answer) {
  log::Warning(kCommands, "Bad Password of {}", PrintableAscii(user, kLoggedName));
  return {std::move(answer), services.accounts.DelayAfterWrong(user)};
}

/// Empty when the password is good enough.
Result<std::string> Weakness(const Secret& fresh, const Secret& old) {
  const std::string_view text = fresh.Expose();
  if (text.size() < kShortest) return "it is too short";
  if (text.size() > kLongest) return "it is too long";
  if (std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; })) {
    return "it has control characters";
  }
  if (text == old.Expose()) return "it is the same as the old one";
  return WhyPasswordIsWeak(fresh);
}

}  // namespace

Result<Outcome> Authenticate(const Arguments& arguments, Services& services) {
  const std::string user = TextOf(arguments, "user");
  const Secret password(TextOf(arguments, "password"));
  const auto right = services.accounts.IsRight(user, password, AccountGate::Whom::ConsoleUsers);
  if (!right) return Failure(right.error());
  if (*right) return Answer(json::value("VALID"));
  return WrongPassword(services, user, Answer(json::value("INVALID")));
}

Result<Outcome> ChangePassword(const Arguments& arguments, Services& services) {
  const std::string user = TextOf(arguments, "user");
  const Secret old(TextOf(arguments, "oldpasswd"));
  const Secret fresh(TextOf(arguments, "newpasswd"));
  if (!IsUserName(user)) {
    return WrongPassword(services, user, Fail(ErrorCode::Refused, "User or Password Incorrect."));
  }
  if (services.accounts.IsProtected(user)) return Fail(ErrorCode::Refused, "May not change {} password.", user);
  const auto right = services.accounts.IsRight(user, old, AccountGate::Whom::Anybody);
  if (!right) return Failure(right.error());
  if (!*right) return WrongPassword(services, user, Fail(ErrorCode::Refused, "User or Password Incorrect."));
  const auto weakness = Weakness(fresh, old);
  if (!weakness) return Failure(weakness.error());
  if (!weakness->empty()) return Fail(ErrorCode::Refused, "Password Strength: {}.", *weakness);
  const auto not_changed = [&](const Error& error, std::string_view text) {
    log::Error(kCommands, "cannot change the password of {}: {}", user, error.message);
    return Failure(Error{ErrorCode::Refused, std::string(text)});
  };
  const auto hash = HashPassword(fresh);
  if (!hash) return not_changed(hash.error(), "Failed to hash New Password.");
  if (const auto changed = services.accounts.SetHash(user, *hash); !changed)
    return not_changed(changed.error(), "System Error: Failure to change password");
  log::Info(kCommands, "changed the password of {}", user);
  return Answer(Success{"Password Changed"});
}

}  // namespace cmdsrv
