#include "content/ini_file.hpp"

#include <gmock/gmock.h>

#include "support/scratch.hpp"

namespace cmdsrv {
namespace {

using ::testing::Optional;

constexpr std::string_view kIni = R"(# comment
; another
lost = without section
[DEFAULT]
base = /opt/iiab
[runtime]
Runtime_Branch = master
colon: value = with sign
quoted = "stays"
percent = 50% of %(base)s
empty =
many = first
    second

    third

[kiwix]
kiwix_enabled = False
kiwix_enabled = True
no separator here
= no name
base = own
)";

TEST(IniFile, ReadsOptions) {
  const IniFile ini = IniFile::Parse(kIni);
  EXPECT_THAT(ini.Get("runtime", "runtime_branch"), Optional(std::string("master")));
  EXPECT_THAT(ini.Get("runtime", "RUNTIME_BRANCH"), Optional(std::string("master")));
  EXPECT_THAT(ini.Get("runtime", "colon"), Optional(std::string("value = with sign")));
  EXPECT_THAT(ini.Get("runtime", "quoted"), Optional(std::string("\"stays\"")));
  EXPECT_THAT(ini.Get("runtime", "percent"), Optional(std::string("50% of %(base)s")));
  EXPECT_THAT(ini.Get("runtime", "empty"), Optional(std::string()));
  EXPECT_THAT(ini.Get("runtime", "many"), Optional(std::string("first\nsecond\n\nthird")));
  EXPECT_THAT(ini.Get("kiwix", "kiwix_enabled"), Optional(std::string("True"))) << "the last one wins";
  EXPECT_EQ(ini.Get("kiwix", "nothing"), std::nullopt);
  EXPECT_EQ(ini.Get("nothing", "base"), std::nullopt);
  EXPECT_EQ(ini.SkippedLines(), 3U);
}

TEST(IniFile, DefaultsAreInEverySection) {
  const IniFile ini = IniFile::Parse(kIni);
  EXPECT_THAT(ini.Get("runtime", "base"), Optional(std::string("/opt/iiab")));
  EXPECT_THAT(ini.Get("kiwix", "base"), Optional(std::string("own")));
  EXPECT_FALSE(ini.HasSection("DEFAULT"));
  EXPECT_TRUE(ini.HasSection("kiwix"));
}

TEST(IniFile, BecomesJson) {
  EXPECT_EQ(PrintJson(IniFile::Parse("[b]\nx=1\n[a]\ny=2\n[b]\nz=3\n[DEFAULT]\nd=4\n").ToJson()),
            R"({"b":{"x":"1","z":"3","d":"4"},"a":{"y":"2","d":"4"}})");
  EXPECT_EQ(PrintJson(IniFile::Parse("").ToJson()), "{}");
}

TEST(IniFile, SurvivesNonsense) {
  for (const char* text : {"[", "[]", "]", "[a", "=", ":", "   x", "\r\n\r\n", "[a]\r\nb = c\r\n"})
    IniFile::Parse(text);
  EXPECT_THAT(IniFile::Parse("[a]\r\nb = c\r\n").Get("a", "b"), Optional(std::string("c")));
}

TEST(IniFile, AMissingFileIsEmpty) {
  const test::ScratchDirectory folder;
  const auto missing = IniFile::Read(folder / "none.ini");
  ASSERT_TRUE(missing);
  EXPECT_TRUE(missing->ToJson().empty());
  test::Spit(folder / "x.ini", "[s]\no = v\xff\n");
  EXPECT_THAT(IniFile::Read(folder / "x.ini")->Get("s", "o"), Optional(std::string("v\xEF\xBF\xBD")));
  EXPECT_FALSE(IniFile::Read(folder.Path()));
}

}  // namespace
}  // namespace cmdsrv
