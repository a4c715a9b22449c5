// Sealed boxes whose key the sender really has: the text in them is hostile all the same. The first byte says which
// byte of the box is turned over afterwards (0: none), the rest is the text.
#include <sodium.h>

#include <vector>

#include "base/text.hpp"
#include "gateway/base64.hpp"
#include "gateway/credentials.hpp"
#include "gateway/nacl_box.hpp"
#include "gateway/verb_gate.hpp"
#include "protocol/command.hpp"
#include "target.hpp"

using namespace cmdsrv;
using namespace cmdsrv::gateway;

namespace {

std::string Seal(std::string_view text, const Nonce& nonce, const Key& to, const KeyPair& from) {
  std::string box(text.size() + crypto_box_MACBYTES, '\0');
  FUZZ_CHECK(crypto_box_easy(reinterpret_cast<unsigned char*>(box.data()),
                             reinterpret_cast<const unsigned char*>(text.data()), text.size(), nonce.data(), to.data(),
                             from.ExposeSecret().data()) == 0);
  return box;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const bool ready = InitialiseCrypto();
  static const KeyPair own = KeyPair::Of(Key{8}), browser = KeyPair::Of(Key{16});
  FUZZ_CHECK(ready);
  if (size == 0) return 0;
  const std::string_view text = AsText(data + 1, size - 1);
  const Nonce nonce{data[0]};
  std::string box = Seal(text, nonce, own.Public(), browser);
  FUZZ_CHECK(FromBase64(ToBase64(box), box.size()) == box);
  if (data[0] != 0) {
    box[data[0] % box.size()] = static_cast<char>(box[data[0] % box.size()] ^ 1);
    FUZZ_CHECK(!OpenBox(box, nonce, browser.Public(), own).has_value());
    return 0;
  }
  const auto opened = OpenBox(box, nonce, browser.Public(), own);
  FUZZ_CHECK(opened.has_value() && opened->Expose() == text);
  FUZZ_CHECK(!OpenBox(box, Nonce{9}, browser.Public(), own).has_value());
  FUZZ_CHECK(!OpenBox(box, nonce, own.Public(), own).has_value());
  if (const auto credentials = SplitCredentials(*opened)) {
    const auto command = ParseCommand(AuthenticateCommand(*credentials).Expose());
    FUZZ_CHECK(command.has_value() && command->verb == "AUTHENTICATE");
    FUZZ_CHECK(std::string_view(command->arguments.at("user").as_string()) == credentials->user);
    FUZZ_CHECK(std::string_view(command->arguments.at("password").as_string()) == credentials->password.Expose());
  }
  if (MayPass(text, false)) {
    const auto command = ParseCommand(text);
    FUZZ_CHECK(!command || (command->verb != "AUTHENTICATE" && command->verb != "STOP"));
  }
  return 0;
}
