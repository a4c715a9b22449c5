#include <array>

#include "base/names.hpp"
#include "base/text.hpp"
#include "protocol/command.hpp"
#include "protocol/envelope.hpp"
#include "protocol/reply.hpp"
#include "target.hpp"

using namespace cmdsrv;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = AsText(data, size);
  const std::array frames = {text};
  const Envelope envelope = ReadEnvelope(frames, kMaxCommandBytes);
  FUZZ_CHECK(envelope.kind == FrameKind::Malformed || IsUtf8(text));
  const auto command = ParseCommand(text);
  if (command) {
    FUZZ_CHECK(IsVerb(command->verb));
    const std::string canonical = CanonicalText(*command);
    const auto again = ParseCommand(canonical);
    FUZZ_CHECK(again.has_value());
    FUZZ_CHECK(HasLongNumber(text) || CanonicalText(*again) == canonical);
  } else {
    // Whatever is wrong with it, the reply is JSON that a client can read.
    FUZZ_CHECK(ParseJson(ToReply(VerbOf(text), command.error())).has_value());
  }
  FUZZ_CHECK(ParseJson(ToReply(VerbOf(text), DuplicateError(ToUtf8(text)))).has_value());
  return 0;
}
