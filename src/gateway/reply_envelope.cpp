#include "gateway/reply_envelope.hpp"

#include <fmt/format.h>

#include "base/json.hpp"
#include "base/names.hpp"
#include "protocol/command.hpp"

namespace cmdsrv::gateway {
namespace {

constexpr JsonLimits kReplyLimits{.depth = 256, .bytes = 64U << 20U};

}  // namespace

std::string WrapReply(std::string_view command, std::string_view reply, std::chrono::nanoseconds took) {
  const auto value = ParseJson(reply, kReplyLimits);
  if (!value) {
    const std::string_view verb = VerbOf(command);
    return ErrorBody(fmt::format("Invalid reply from CMDSRV to {}.", IsVerb(verb) ? verb : "this Command"), false);
  }
  if (value->is_object() && value->get_object().contains("Error")) return std::string(reply);
  return fmt::format(R"({{"Data": {},"Resp_time": "{:.4f}"}})", reply, std::chrono::duration<double>(took).count());
}

std::string ErrorBody(std::string_view text, bool alert) {
  std::string body = R"({"Error": )";
  AppendJsonString(body, text);
  body += alert ? R"(,"Alert": "True"})" : "}";
  return body;
}

bool IsSuccess(std::string_view reply) {
  const auto value = ParseJson(reply, kReplyLimits);
  return value && value->is_object() && value->get_object().contains("Success");
}

}  // namespace cmdsrv::gateway
