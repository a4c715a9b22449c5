#include "content/languages.hpp"

#include <gtest/gtest.h>

#include "content/shared_data.hpp"

namespace cmdsrv {
namespace {

constexpr std::string_view kCodes = R"({"eng": {"iso2": "en", "engname": "English"}, "deu": {"iso2": "de"},
  "ger": {"iso2": "de"}, "lzh": {"iso2": "zh-classical"}, "zho": {"iso2": "zh"}, "ace": {"iso2": "ace"},
  "bad": {"iso2": "../x"}, "odd": 7, "none": {}})";

TEST(Languages, ShortensCodes) {
  const auto languages = Languages::Parse(kCodes);
  ASSERT_TRUE(languages);
  EXPECT_EQ(languages->ToIso2("eng"), "en");
  EXPECT_EQ(languages->ToIso2("eng,fra"), "en");
  EXPECT_EQ(languages->ToIso2(" deu , eng"), "de");
  EXPECT_EQ(languages->ToIso2("mul"), "mul");
  EXPECT_EQ(languages->ToIso2(""), "");
  EXPECT_EQ(languages->ToIso2("bad"), "bad") << "what cannot be a file name is no code";
  EXPECT_EQ(languages->Size(), 6U);
}

TEST(Languages, CutsTheLongestPrefix) {
  const auto languages = Languages::Parse(kCodes);
  ASSERT_TRUE(languages);
  const std::pair<const char*, const char*> cases[] = {
      {"en-calibre", "calibre"},
      {"ace-calibre", "calibre"},
      {"zh-classical-calibre", "calibre"},
      {"zh-calibre", "calibre"},
      {"zh-calibre-web", "calibre-web"},
      {"xx-calibre", "xx-calibre"},
      {"calibre", "calibre"},
      {"-x", "-x"},
      {"", ""},
  };
  for (const auto& [name, rest] : cases) EXPECT_EQ(languages->WithoutPrefix(name), rest) << name;
}

TEST(Languages, WhatIsNoTableIsCorrupt) {
  for (const char* text : {"", "[]", "{"}) {
    const auto languages = Languages::Parse(text);
    ASSERT_FALSE(languages);
    EXPECT_EQ(languages.error().code, ErrorCode::Corrupt);
  }
  EXPECT_EQ(Languages{}.ToIso2("eng"), "eng");
}

TEST(Languages, ReadsTheRealTable) {
  CMDSRV_NEEDS_SHARED_DATA();
  const auto languages = Languages::Parse(test::SharedText("lang_codes.json"));
  ASSERT_TRUE(languages);
  EXPECT_EQ(languages->Size(), 374U);
  EXPECT_EQ(languages->ToIso2("eng"), "en");
}

}  // namespace
}  // namespace cmdsrv
