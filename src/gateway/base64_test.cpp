#include "gateway/base64.hpp"

#include <gmock/gmock.h>

namespace cmdsrv::gateway {
namespace {

using namespace std::string_literals;

TEST(Base64, RoundTrip) {
  for (const std::string& bytes : {""s, "f"s, "fo"s, "foo"s, "\0\xff\x7f"s, std::string(1000, '\xfe')}) {
    EXPECT_EQ(FromBase64(ToBase64(bytes), bytes.size()), bytes);
  }
  EXPECT_EQ(ToBase64("foob"), "Zm9vYg==");
  EXPECT_EQ(ToUrlBase64("\xfb\xff\xfe\xff"), "-__-_w");
}

TEST(Base64, RefusesEveryOtherSpelling) {
  for (const std::string& text : {"Zg"s, "Zg="s, "Zg==="s, "Zh=="s, "Zm9="s, "Zg==\n"s, " Zg=="s, "Z g="s, "Zm9v\n"s,
                                  "-_-_"s, "Zg==Zg=="s, "===="s, "Zm9v===="s, "Zm\0v"s, "Zm9\xc3"s, "="s}) {
    EXPECT_EQ(FromBase64(text, 100), std::nullopt) << testing::PrintToString(text);
  }
}

TEST(Base64, KnowsTheSixtyFourLettersAndNoOtherByte) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    EXPECT_EQ(FromBase64("Zm9"s + c, 3).has_value(), kAlphabet.find(c) != std::string_view::npos) << byte;
  }
}

TEST(Base64, HasALimit) {
  EXPECT_TRUE(FromBase64("Zm9vYg==", 4));
  EXPECT_FALSE(FromBase64("Zm9vYg==", 3));
  EXPECT_FALSE(FromBase64("Zm9vYmFy", 3));
}

}  // namespace
}  // namespace cmdsrv::gateway
