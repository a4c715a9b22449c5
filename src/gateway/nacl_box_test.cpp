#include "gateway/nacl_box.hpp"

#include <gmock/gmock.h>
#include <sodium.h>

#include "gateway/base64.hpp"

namespace cmdsrv::gateway {
namespace {

std::string Seal(std::string_view text, const Nonce& nonce, const KeyPair& from, const Key& to) {
  std::string box(text.size() + crypto_box_MACBYTES, '\0');
  EXPECT_EQ(
      crypto_box_easy(reinterpret_cast<unsigned char*>(box.data()), reinterpret_cast<const unsigned char*>(text.data()),
                      text.size(), nonce.data(), to.data(), from.ExposeSecret().data()),
      0);
  return box;
}

Key FromHex(std::string_view hex) {
  Key key;
  EXPECT_EQ(sodium_hex2bin(key.data(), key.size(), hex.data(), hex.size(), nullptr, nullptr, nullptr), 0);
  return key;
}

class Boxes : public testing::Test {
 protected:
  bool ready = InitialiseCrypto();
  KeyPair server = KeyPair::Make(), client = KeyPair::Make();
  Nonce nonce{1, 2, 3};
};

TEST_F(Boxes, OpenForTheRightPairAndNonce) {
  for (const std::string& text : {std::string(), std::string("user:p\xc3\xa4ss"), std::string(100'000, 'x')}) {
    const auto plain = OpenBox(Seal(text, nonce, client, server.Public()), nonce, client.Public(), server);
    ASSERT_TRUE(plain);
    EXPECT_EQ(plain->Expose(), text);
  }
}

TEST_F(Boxes, StayShutForEveryoneElse) {
  const std::string box = Seal("user:password", nonce, client, server.Public());
  EXPECT_FALSE(OpenBox(box, Nonce{1, 2, 4}, client.Public(), server)) << "another nonce";
  EXPECT_FALSE(OpenBox(box, nonce, client.Public(), KeyPair::Make())) << "another receiver";
  EXPECT_FALSE(OpenBox(box, nonce, KeyPair::Make().Public(), server)) << "another sender";
  EXPECT_FALSE(OpenBox(box, nonce, server.Public(), server)) << "swapped keys";
  for (std::size_t length = 0; length < box.size(); ++length) {
    EXPECT_FALSE(OpenBox(box.substr(0, length), nonce, client.Public(), server)) << "cut to " << length;
  }
  for (std::size_t i = 0; i < box.size(); ++i) {
    std::string changed = box;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(OpenBox(changed, nonce, client.Public(), server)) << "bit in byte " << i;
  }
}

TEST_F(Boxes, PointsOfLowOrderAreNoKeys) {
  // Everybody knows the agreement with these, so a box "from" them would prove nothing.
  const char* const points[] = {
      "0000000000000000000000000000000000000000000000000000000000000000",
      "0100000000000000000000000000000000000000000000000000000000000000",
      "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
      "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
      "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "0000000000000000000000000000000000000000000000000000000000000080",
      "0100000000000000000000000000000000000000000000000000000000000080",
  };
  // The box that such a sender's agreement (all zero) gives.
  unsigned char zero[32] = {}, shared[32], in[16] = {};
  crypto_core_hsalsa20(shared, in, zero, nullptr);
  const std::string text = "iiab-admin:x";
  std::string box(text.size() + crypto_box_MACBYTES, '\0');
  crypto_secretbox_easy(reinterpret_cast<unsigned char*>(box.data()),
                        reinterpret_cast<const unsigned char*>(text.data()), text.size(), nonce.data(), shared);
  for (const char* point : points) EXPECT_FALSE(OpenBox(box, nonce, FromHex(point), server)) << point;
}

TEST_F(Boxes, TheVectorOfNaCl) {
  // Bob's secret key, Alice's public key and the nonce of "Cryptography in NaCl"; the agreement they must have.
  const KeyPair bob = KeyPair::Of(FromHex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"));
  const Key alice = FromHex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
  const Key agreement = FromHex("1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389");
  const Nonce given{0x69, 0x69, 0x6e, 0xe9, 0x55, 0xb6, 0x2b, 0x73, 0xcd, 0x62, 0xbd, 0xa8,
                    0x75, 0xfc, 0x73, 0xd6, 0x82, 0x19, 0xe0, 0x03, 0x6b, 0x7a, 0x0b, 0x37};
  EXPECT_EQ(bob.Public(), FromHex("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"));
  const std::string text = "iiab-admin:g0adm1n";
  std::string box(text.size() + crypto_box_MACBYTES, '\0');
  crypto_secretbox_easy(reinterpret_cast<unsigned char*>(box.data()),
                        reinterpret_cast<const unsigned char*>(text.data()), text.size(), given.data(),
                        agreement.data());
  const auto plain = OpenBox(box, given, alice, bob);
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->Expose(), text);
}

TEST_F(Boxes, KeysInBase64) {
  EXPECT_EQ(KeyToBase64(server.Public()).size(), 44U);
  EXPECT_EQ(KeyFromBase64(KeyToBase64(server.Public())), server.Public());
  for (const std::string& text : {std::string(), std::string(44, 'A'), ToBase64(std::string(31, 'x')),
                                  ToBase64(std::string(33, 'x')), KeyToBase64(server.Public()) + "\n"}) {
    EXPECT_FALSE(KeyFromBase64(text)) << text;
  }
}

}  // namespace
}  // namespace cmdsrv::gateway
