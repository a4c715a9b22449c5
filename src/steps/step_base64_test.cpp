#include "steps/base64.hpp"

#include <gtest/gtest.h>

namespace cmdsrv {
namespace {

TEST(Base64, ThereAndBack) {
  std::string bytes;
  for (int length = 0; length < 300; ++length) {
    EXPECT_EQ(FromBase64(ToBase64(bytes)), bytes) << length;
    bytes += static_cast<char>(length * 7);
  }
  EXPECT_EQ(ToBase64("Ma"), "TWE=");
  EXPECT_EQ(FromBase64("TW\nFu\n"), "Man");
}

TEST(Base64, OtherTextsAreNone) {
  for (const char* text : {"T", "TWE", "TW==E", "TWE==", "T===", "====", "TW E=", "TWF<", "\xff\xff\xff\xff"})
    EXPECT_FALSE(FromBase64(text)) << text;
}

}  // namespace
}  // namespace cmdsrv
