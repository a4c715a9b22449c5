#include "content/wifi_psk.hpp"

#include <gtest/gtest.h>

#include "base/names.hpp"
#include "base/text.hpp"

namespace cmdsrv {
namespace {

TEST(Sha1, VectorsOfTheStandard) {  // FIPS 180
  EXPECT_EQ(ToHex(Sha1("")), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  EXPECT_EQ(ToHex(Sha1("abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(ToHex(Sha1("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
  EXPECT_EQ(ToHex(Sha1(std::string(1'000'000, 'a'))), "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
}

TEST(WifiPsk, VectorsOfTheStandard) {  // IEEE 802.11i, annex H.4
  EXPECT_EQ(WifiPsk(Secret("password"), "IEEE").Expose(),
            "f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e");
  EXPECT_EQ(WifiPsk(Secret("ThisIsAPassword"), "ThisIsASSID").Expose(),
            "0dc0d6eb90555ed6419756b9a15ec3e3209b63df707dd508d14581f8982721af");
  EXPECT_EQ(WifiPsk(Secret(std::string(32, 'a')), std::string(32, 'Z')).Expose(),
            "becb93866bb8c3832cb777c2f559807c8c59afcb6eae734885001300a981cc62");
}

TEST(WifiPsk, WhatIsAKey) {
  EXPECT_TRUE(IsWifiPsk(std::string(64, 'a')));
  EXPECT_TRUE(IsWifiPsk(std::string(32, '0') + std::string(32, 'F')));
  EXPECT_FALSE(IsWifiPsk(std::string(63, 'a')));
  EXPECT_FALSE(IsWifiPsk(std::string(63, 'a') + "g"));
  EXPECT_FALSE(IsWifiPsk(""));
}

TEST(UuidForName, IsTheSameEveryTime) {
  const std::string uuid = UuidForName("Village school");
  EXPECT_TRUE(IsUuid(uuid)) << uuid;
  EXPECT_EQ(uuid[14], '5');
  EXPECT_EQ(uuid, UuidForName("Village school"));
  EXPECT_NE(uuid, UuidForName("village school"));
  EXPECT_TRUE(IsUuid(UuidForName("")));
}

}  // namespace
}  // namespace cmdsrv
