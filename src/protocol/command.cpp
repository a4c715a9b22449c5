#include "protocol/command.hpp"

#include "base/names.hpp"
#include "base/text.hpp"

namespace cmdsrv {
namespace {

constexpr JsonLimits kLimits{.depth = 64, .bytes = 4U << 20U};

Result<json::object> ParseArguments(std::string_view text) {
  // One trailing blank is a slip of the finger, not broken JSON.
  if (text.find_first_not_of(' ') == std::string_view::npos) return json::object{};
  auto value = ParseJson(text, kLimits);
  if (!value) return Fail(ErrorCode::Malformed, "the arguments are no JSON: {}", value.error().message);
  if (!value->is_object()) return Fail(ErrorCode::Malformed, "the arguments are JSON, but no object");
  return std::move(value->get_object());
}

}  // namespace

std::string_view VerbOf(std::string_view text) { return text.substr(0, text.find(' ')); }

Result<Command> ParseCommand(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return Fail(ErrorCode::Malformed, "the Command holds a NUL");
  if (!IsUtf8(text)) return Fail(ErrorCode::Malformed, "the Command is no UTF-8");
  const std::string_view verb = VerbOf(text);
  if (verb.empty() && !text.empty()) return Fail(ErrorCode::Malformed, "the Command begins with a blank");
  if (!IsVerb(verb)) return Fail(ErrorCode::NotFound, "Unknown Command");
  // Split once, at the first blank: the arguments may well contain the verb again.
  auto arguments = ParseArguments(text.size() > verb.size() ? text.substr(verb.size() + 1) : std::string_view{});
  if (!arguments) return Failure(std::move(arguments.error()));
  return Command{std::string(verb), std::move(*arguments)};
}

std::string CanonicalText(const Command& command) {
  if (command.arguments.empty()) return command.verb;
  return command.verb + " " + CanonicalJson(command.arguments);
}

}  // namespace cmdsrv
