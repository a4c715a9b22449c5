#include "gateway/credentials.hpp"

#include "base/json.hpp"
#include "base/text.hpp"

namespace cmdsrv::gateway {

std::optional<Credentials> SplitCredentials(const Secret& text) {
  const std::string_view plain = text.Expose();
  const std::size_t colon = plain.find(':');
  if (colon == std::string_view::npos || colon > kLongestUser) return std::nullopt;
  if (plain.size() - colon - 1 > kLongestPassword) return std::nullopt;
  if (!IsUtf8(plain) || plain.find('\0') != std::string_view::npos) return std::nullopt;
  return Credentials{std::string(plain.substr(0, colon)), Secret(std::string(plain.substr(colon + 1)))};
}

Secret AuthenticateCommand(const Credentials& credentials) {
  std::string command;
  // Enough for a password of which each byte becomes \uXXXX: a string that grows leaves copies of the secret behind.
  command.reserve(64 + 6 * (credentials.user.size() + credentials.password.Expose().size()));
  command += R"(AUTHENTICATE {"user":)";
  AppendJsonString(command, credentials.user);
  command += R"(,"password":)";
  AppendJsonString(command, credentials.password.Expose());
  command += "}";
  return Secret(std::move(command));
}

}  // namespace cmdsrv::gateway
