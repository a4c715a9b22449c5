#include <cstring>

#include "base/json.hpp"
#include "base/text.hpp"
#include "gateway/base64.hpp"
#include "gateway/credentials.hpp"
#include "gateway/form_body.hpp"
#include "gateway/nacl_box.hpp"
#include "gateway/reply_envelope.hpp"
#include "gateway/static_files.hpp"
#include "gateway/verb_gate.hpp"
#include "protocol/command.hpp"
#include "target.hpp"

using namespace cmdsrv;
using namespace cmdsrv::gateway;

namespace {

void Forms(std::string_view text) {
  const auto form = ReadForm(text);
  const auto command = CommandText(form ? form->value : text, !form || form->blanks);
  if (!command) return;
  FUZZ_CHECK(IsUtf8(*command) && command->find('\0') == std::string::npos);
  const std::string_view verb = VerbOf(*command);
  FUZZ_CHECK(!MayPass(*command, true) || verb != "AUTHENTICATE");
  FUZZ_CHECK(!MayPass(*command, false) || verb != "STOP");
  // The server never sees what it would take for one of them after its own grammar.
  if (const auto parsed = ParseCommand(*command); parsed && MayPass(*command, false)) {
    FUZZ_CHECK(parsed->verb != "AUTHENTICATE" && parsed->verb != "STOP");
  }
}

void Paths(std::string_view text) {
  const auto path = SafePath(text);
  if (!path) return;
  FUZZ_CHECK(!path->starts_with('/') && !path->ends_with('/') && IsUtf8(*path));
  for (const std::string_view name : Split(*path, '/')) FUZZ_CHECK(path->empty() || (!name.empty() && name[0] != '.'));
}

/// The first 24 bytes are the nonce, the next 32 the sender's key, the rest the box.
void Boxes(std::string_view bytes) {
  static const bool ready = InitialiseCrypto();
  static const KeyPair own = KeyPair::Make();
  FUZZ_CHECK(ready);
  Nonce nonce{};
  Key sender{};
  if (bytes.size() < nonce.size() + sender.size()) return;
  std::memcpy(nonce.data(), bytes.data(), nonce.size());
  std::memcpy(sender.data(), bytes.data() + nonce.size(), sender.size());
  FUZZ_CHECK(!OpenBox(bytes.substr(nonce.size() + sender.size()), nonce, sender, own).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = AsText(data, size);
  Forms(text);
  Paths(text);
  Boxes(text);
  if (const auto bytes = FromBase64(text, 1U << 20U)) FUZZ_CHECK(ToBase64(*bytes) == text);
  FUZZ_CHECK(FromBase64(ToBase64(text), size) == text);
  if (const auto credentials = SplitCredentials(Secret(std::string(text)))) {
    FUZZ_CHECK(credentials->user.find(':') == std::string::npos);
    FUZZ_CHECK(ParseCommand(AuthenticateCommand(*credentials).Expose()).has_value());
  }
  FUZZ_CHECK(ParseJson(WrapReply(text, text, std::chrono::seconds(1)), {.depth = 300}).has_value());
  return 0;
}
