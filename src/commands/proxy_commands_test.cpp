#include <gmock/gmock.h>

#include "commands/network_test_box.hpp"

namespace cmdsrv {
namespace {

using ::testing::HasSubstr;

constexpr const char* kList = "/etc/squid/sites.whitelist.txt";

class Whlist : public ::testing::Test {
 protected:
  Whlist() { std::filesystem::create_directories(box.root.Path("/etc/squid")); }
  std::string Set(const std::string& list) { return box.Reply("SET-WHLIST", R"({"iiab_whitelist": )" + list + "}"); }
  NetworkBox box;
};

TEST_F(Whlist, IsSetAndRead) {
  EXPECT_EQ(box.Reply("GET-WHLIST"), R"({"iiab_whitelist":[""]})") << "there is none yet";
  EXPECT_EQ(Set(R"(["example.org", "", ".kiwix.org", "b\u00fccher.example"])"), "success: ");
  EXPECT_EQ(box.Get(kList),
            "example.org\n.kiwix.org\nb\xc3\xbc"
            "cher.example\n");
  EXPECT_EQ(box.Reply("GET-WHLIST"), R"({"iiab_whitelist":["example.org",".kiwix.org","bücher.example",""]})");
  EXPECT_EQ(Set(R"([""])"), "success: ");
  EXPECT_EQ(box.Get(kList), "");
}

TEST_F(Whlist, BadEntriesChangeNothing) {
  box.Put(kList, "old.example\n");
  const std::string bad[] = {R"(["a b"])",
                             R"(["a\nb"])",
                             R"(["a\r"])",
                             R"(["\t"])",
                             R"(["a\u007f"])",
                             R"(["a\u0000b"])",
                             "[5]",
                             R"("example.org")",
                             "null",
                             "[[]]",
                             "[\"" + std::string(256, 'x') + "\"]"};
  for (const std::string& one : bad) EXPECT_THAT(Set(one), HasSubstr("iiab_whitelist")) << one;
  std::string many = "[\"a\"";
  for (int i = 0; i < 10'000; ++i) many += ",\"a\"";
  EXPECT_THAT(Set(many + "]"), HasSubstr("at most 10000"));
  EXPECT_THAT(box.Reply("SET-WHLIST"), HasSubstr("is missing"));
  EXPECT_EQ(box.Get(kList), "old.example\n");
}

TEST_F(Whlist, WithoutAProxyNothingIsWritten) {
  box.Remove("/etc/squid");
  EXPECT_EQ(Set(R"(["example.org"])"), "error: Unable to write Permitted URLs List.");
  EXPECT_FALSE(box.Has("/etc/squid"));
}

TEST_F(Whlist, NameOfTheServiceIsAName) {
  std::filesystem::create_directories(box.root.Path("/etc/squid3"));
  box.settings.as_sent["squid_service"] = "squid3";
  EXPECT_EQ(Set(R"(["a.example"])"), "success: ");
  EXPECT_EQ(box.Get("/etc/squid3/sites.whitelist.txt"), "a.example\n");
  for (const char* bad : {"../elsewhere", "", "a/b", "."}) {
    const json::object conf{{"cmdsrv_conf", {{"squid_service", bad}}}};
    box.settings.as_sent = ParseSettings(box.root, "", PrintJson(conf))->as_sent;
    EXPECT_EQ(Set(R"(["b.example"])"), "success: ") << bad;
    EXPECT_EQ(box.Get(kList), "b.example\n") << bad;
  }
}

TEST_F(Whlist, HostileFileGivesValidJson) {
  box.Put(kList, "a\xff\n\"\\\n\x01");
  EXPECT_TRUE(ParseJson(box.Reply("GET-WHLIST")).has_value());
}

}  // namespace
}  // namespace cmdsrv
