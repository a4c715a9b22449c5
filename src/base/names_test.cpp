#include "base/names.hpp"

#include <gtest/gtest.h>

#include <string>

namespace cmdsrv {
namespace {

TEST(Names, SafeNamesCannotLeaveADirectoryOrBecomeAnOption) {
  EXPECT_TRUE(IsSafeName("wikipedia_en_all_maxi_2024-01"));
  EXPECT_TRUE(IsSafeName("kiwix-0.9+x"));
  for (const char* bad : {"", ".", "..", "-x", "a/b", "a b", "a\nb", ".hidden", "é", "a*", "$(x)", "+x"})
    EXPECT_FALSE(IsSafeName(bad)) << bad;
  EXPECT_TRUE(IsSafeName(std::string(255, 'a')));
  EXPECT_FALSE(IsSafeName(std::string(256, 'a')));
  EXPECT_FALSE(IsSafeName(std::string("a\0b", 3)));
}

TEST(Names, VerbsAreCapitalsDigitsAndDashes) {
  EXPECT_TRUE(IsVerb("GET-INET-SPEED2"));
  for (const char* bad : {"", "get", "-X", "2X", "GET JOB", "GET\t"}) EXPECT_FALSE(IsVerb(bad)) << bad;
}

TEST(Names, LanguagesHaveParts) {
  for (const char* good : {"en", "zh-min-nan", "pt-BR", "be-x-old"}) EXPECT_TRUE(IsLanguage(good)) << good;
  for (const char* bad : {"", "e", "en-", "-en", "en--x", "12", "en_US", "zh-classical"})
    EXPECT_FALSE(IsLanguage(bad)) << bad;
}

TEST(Names, UrlsToFetchAreHttpOrFtpWithAHost) {
  for (const char* good :
       {"https://download.kiwix.org/zim/x.zim", "http://127.0.0.1:8080/a?b=c%20d", "ftp://h/x", "http://[::1]/x"})
    EXPECT_TRUE(IsFetchUrl(good)) << good;
  for (const char* bad : {"", "http://", "file:///etc/shadow", "-o/etc/x", "http:// x", "http://h/a b", "http://h/\n",
                          "javascript:x", "http://-oProxy", "HTTP://h", "http://h/'x"})
    EXPECT_FALSE(IsFetchUrl(bad)) << bad;
}

TEST(Names, MenuNamesMayHaveInnerDots) {
  EXPECT_TRUE(IsMenuName("en-phet.en"));
  for (const char* bad : {"", ".x", "x.", "-x", "a/b", "a b"}) EXPECT_FALSE(IsMenuName(bad)) << bad;
  EXPECT_FALSE(IsMenuDir("a.b"));
}

TEST(Names, UuidAndHex32) {
  EXPECT_TRUE(IsUuid("5f2a0c45-0000-1111-2222-abcdefABCDEF"));
  EXPECT_FALSE(IsUuid("5f2a0c45-0000-1111-2222-abcdefABCDEg"));
  EXPECT_TRUE(IsHex32("0123456789abcdef0123456789ABCDEF"));
  EXPECT_FALSE(IsHex32("0123456789abcdef0123456789ABCDE"));
}

TEST(Names, PlainNamesStayInTheirDirectory) {
  for (const char* good : {"a", "Üb ung's & <co>", "-a", "a..b", "*"}) EXPECT_TRUE(IsPlainName(good)) << good;
  for (const std::string_view bad : {"", ".", "..", ".hidden", "a/b", "/", "a\nb", "a\x7f", "\xff"})
    EXPECT_FALSE(IsPlainName(bad)) << bad;
  EXPECT_FALSE(IsPlainName(std::string_view("a\0b", 3)));
  EXPECT_FALSE(IsPlainName(std::string(201, 'a')));
}

TEST(Names, UsbIsNormalised) {
  EXPECT_EQ(NormaliseUsb("usb0"), "/media/usb0");
  EXPECT_EQ(NormaliseUsb("/media/usb9"), "/media/usb9");
  for (const char* bad : {"", "usb", "usb10", "usbx", "/media/", "/media/usb0/", "/media/usb0/..", "/mnt/usb0", "USB0"})
    EXPECT_EQ(NormaliseUsb(bad), "") << bad;
}

}  // namespace
}  // namespace cmdsrv
