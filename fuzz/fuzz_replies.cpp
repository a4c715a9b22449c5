// Whatever a program prints, a file holds or a client sends: the reply is one JSON text, and an error only when it is
// one.
#include <array>

#include "base/json.hpp"
#include "base/text.hpp"
#include "protocol/reply.hpp"
#include "target.hpp"

using namespace cmdsrv;

namespace {

json::value Read(const std::string& reply) {
  FUZZ_CHECK(IsUtf8(reply));
  auto value = ParseJson(reply, {.depth = 300});
  FUZZ_CHECK(value.has_value());
  return *std::move(value);
}

bool LooksLikeError(const std::string& reply) { return reply.find("\"Error\":") != std::string::npos; }

void CheckSaid(const std::string& reply, const char* kind) {
  const json::value value = Read(reply);
  FUZZ_CHECK(value.is_object() && value.get_object().size() == 1 && value.get_object().contains(kind));
  FUZZ_CHECK(LooksLikeError(reply) == (std::string_view(kind) == "Error"));
}

}  // namespace

/// Before the first NUL: the verb.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = AsText(data, size);
  const std::size_t nul = std::min(input.find('\0'), input.size());
  const std::string_view verb = input.substr(0, nul);
  const std::string text(input.substr(std::min(nul + 1, input.size())));
  constexpr std::array kCodes = {ErrorCode::Malformed, ErrorCode::Refused, ErrorCode::Stated,  ErrorCode::Duplicate,
                                 ErrorCode::NotFound,  ErrorCode::Io,      ErrorCode::Corrupt, ErrorCode::Internal};
  for (const ErrorCode code : kCodes) CheckSaid(ToReply(verb, Error{code, text}), "Error");
  CheckSaid(ToReply("TEST", DuplicateError(text)), "Error");
  CheckSaid(InternetReply(verb), "Error");
  CheckSaid(BusyReply(verb), "Error");
  CheckSaid(ToReply(verb, Answer(Success{text})), "Success");
  CheckSaid(ToReply(verb, Answer(Sentence{text})), "Success");
  CheckSaid(ToReply(verb, Answer(Warning{text})), "Warning");
  // Keys and values of strangers inside an answer.
  const std::string answer = ToReply(verb, Answer(json::value(json::object{{ToUtf8(text), text}, {"x", text}})));
  const json::value read = Read(answer);
  FUZZ_CHECK(read.is_object());
  FUZZ_CHECK(LooksLikeError(answer) == (text == "Error"));
  if (const auto value = ParseJson(text)) {
    const std::string sent = ToReply(verb, Answer(*value));
    FUZZ_CHECK(HasLongNumber(text) || CanonicalJson(Read(sent)) == CanonicalJson(*value));
    const bool is_error = value->is_object() && value->get_object().contains("Error");
    FUZZ_CHECK(!LooksLikeError(sent) || is_error);
  }
  return 0;
}
