#include "base/text.hpp"

#include <gtest/gtest.h>

#include "base/secret.hpp"

namespace cmdsrv {
namespace {

TEST(Text, Utf8IsStrict) {
  EXPECT_TRUE(IsUtf8("añ€😀"));
  for (const char* bad : {"\xff", "\xc0\xaf", "\xed\xa0\x80", "\xe0\x80\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80"})
    EXPECT_FALSE(IsUtf8(bad));
  EXPECT_EQ(ToUtf8("a\xff\xe2\x82z"), "a\uFFFD\uFFFD\uFFFDz");
}

TEST(Text, LogLinesCannotBeForged) {
  EXPECT_EQ(EscapeControls("a\nb\tc\x1b[0m\x7f\xc2\x9bz"), "a\\nb\\tc\\x1b[0m\\x7f\\x9bz");
  EXPECT_EQ(EscapeControls("ñ"), "ñ");
}

TEST(Text, OutputKeepsTheLastStateOfProgressDisplays) {
  EXPECT_EQ(CleanOutput("a\xc2\x9b[2Jb\xc2\x85\xc2\xa0\xc3\x9f"), "a[2Jb\xc2\xa0\xc3\x9f")
      << "C1 controls end a terminal too";
  EXPECT_EQ(CleanOutput("10%\r20%\r\ndone\x1b[0m\b\xff"), "10%\n20%\ndone[0m\uFFFD");
}

TEST(Text, LastLinesAreThoseOfTail) {
  EXPECT_EQ(LastLines("a\nb\nc\n", 2), "b\nc\n");
  EXPECT_EQ(LastLines("a\nb\nc", 2), "b\nc");
  EXPECT_EQ(LastLines("a\n", 10), "a\n");
  EXPECT_EQ(LastLines("\n\n\n", 2), "\n\n");
  EXPECT_EQ(LastLines("", 3), "");
}

TEST(Text, UrlCredentialsAreMasked) {
  EXPECT_EQ(MaskUrlCredentials("wget http://me:pw@host/x ftp://u@h https://h/a@b"),
            "wget http://***@host/x ftp://***@h https://h/a@b");
  EXPECT_EQ(MaskUrlCredentials("http://a:p@ss@h/"), "http://***@h/");
}

TEST(Text, ShortenCutsAtCharacters) {
  EXPECT_EQ(Shorten("añb", 2), "a…");
  EXPECT_EQ(Shorten("añb", 3), "añ…");
  EXPECT_EQ(Shorten("añb", 4), "añb");
}

TEST(Text, ArgumentVectorsAreShownAsTyped) {
  EXPECT_EQ(QuoteForDisplay({"a", "b c", "", "it's", "$x"}), "a 'b c' '' 'it'\\''s' '$x'");
}

TEST(Text, HumanSizeHasThreeDigits) {
  EXPECT_EQ(HumanSize(512), "512");
  EXPECT_EQ(HumanSize(999.7), "1000");
  EXPECT_EQ(HumanSize(1000), "0.98K");
  EXPECT_EQ(HumanSize(123456), "121K");
  EXPECT_EQ(HumanSize(1e9), "954M");
  EXPECT_EQ(HumanSize(5e11), "466G");
  EXPECT_EQ(HumanSize(2e12), "1.82T");
}

TEST(Text, IntegersAreWhole) {
  EXPECT_EQ(ToInteger("-42"), -42);
  for (const char* bad : {"", "-", "4x", " 4", "4 ", "1e3", "99999999999999999999", "+4"})
    EXPECT_FALSE(ToInteger(bad)) << bad;
}

TEST(Text, WhatNeedsNoEscapeIsKnownCheaply) {
  EXPECT_FALSE(MayHaveControls("received GET-JOB-STAT of uid 0, pid 17 ~!"));
  for (std::size_t length = 1; length < 20; ++length) {
    for (std::size_t at = 0; at < length; ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string text(length, 'x');
        text[at] = static_cast<char>(byte);
        const bool plain = byte >= 0x20 && byte < 0x7F;
        ASSERT_TRUE(plain || MayHaveControls(text) || EscapeControls(text) == text) << byte << " at " << at;
        ASSERT_FALSE(plain && MayHaveControls(text)) << byte << " at " << at;
      }
    }
  }
}

TEST(Text, BytesAsDigits) {
  EXPECT_EQ(ToHex(std::string_view("\0\x7f\xff", 3)), "007fff");
  EXPECT_EQ(UuidText("0123456789abcdef"), "30313233-3435-3637-3839-616263646566");
}

TEST(Text, HtmlIsEscaped) { EXPECT_EQ(EscapeHtml("<b>&\"x"), "&lt;b&gt;&amp;\"x"); }

TEST(Secret, FormatsAsStars) {
  Secret secret{"hunter2"};
  EXPECT_EQ(fmt::format("{}", secret), "***");
  const Secret moved = std::move(secret);
  EXPECT_EQ(moved.Expose(), "hunter2");
  EXPECT_TRUE(secret.Empty());  // NOLINT(bugprone-use-after-move): the promise that is tested
}

}  // namespace
}  // namespace cmdsrv
