#include "base/account_files.hpp"

#include <gtest/gtest.h>

namespace cmdsrv {
namespace {

constexpr std::string_view kPasswd =
    "root:x:0:0:root:/root:/bin/bash\n"
    "+nis::::::\n"
    "broken:x:1000\n"
    "odd:x:-1:5::/:/bin/sh\n"
    "nobody:x:4294967295:5::/:/bin/sh\n"
    "iiab-admin:x:1001:1001:Admin,,,:/home/iiab-admin:/bin/bash\n"
    "teacher:x:1002:27::/home/teacher:\n"
    "iiab-admin:x:0:0:second:/:/bin/sh";
constexpr std::string_view kGroup =
    "root:x:0:\n"
    "sudo:x:27:iiab-admin,other\n"
    "iiab-admin:x:1001:\n"
    "empty:x:99:\n"
    "broken:x:1001";

TEST(Accounts, AreFoundByTheirFirstWholeLine) {
  const auto account = FindAccount(kPasswd, "iiab-admin");
  ASSERT_TRUE(account);
  EXPECT_EQ(account->uid, 1001U);
  EXPECT_EQ(account->gid, 1001U);
  EXPECT_EQ(account->shell, "/bin/bash");
  EXPECT_EQ(FindAccount(kPasswd, "teacher")->shell, "");
  for (const char* user : {"", "nobody-else", "broken", "odd", "nobody", "+nis", "root:x", "iiab", "x"}) {
    EXPECT_FALSE(FindAccount(kPasswd, user)) << user;
  }
}

TEST(Accounts, BelongToAGroupAsMemberOrByTheirPrimaryGroup) {
  const auto admin = FindAccount(kPasswd, "iiab-admin").value();
  const auto teacher = FindAccount(kPasswd, "teacher").value();
  EXPECT_TRUE(IsInGroup(kGroup, admin, "sudo"));
  EXPECT_TRUE(IsInGroup(kGroup, admin, "iiab-admin"));
  EXPECT_TRUE(IsInGroup(kGroup, teacher, "sudo"));
  EXPECT_FALSE(IsInGroup(kGroup, teacher, "iiab-admin"));
  EXPECT_FALSE(IsInGroup(kGroup, admin, "broken"));
  EXPECT_FALSE(IsInGroup(kGroup, admin, "empty"));
  EXPECT_FALSE(IsInGroup(kGroup, admin, ""));
  EXPECT_FALSE(IsInGroup(kGroup, {.name = "", .uid = 5, .gid = 5, .shell = ""}, "empty")) << "no member is not a name";
}

constexpr std::string_view kShadow =
    "root:*:19000:0:99999:7:::\n"
    "broken:$6$x\n"
    "iiab-admin:$y$abc:19000:0:99999:7::20100:\n"
    "empty::19000:0:99999:7:::\n";

TEST(Shadow, LinesAreFound) {
  EXPECT_EQ(FindShadow(kShadow, "root")->hash, "*");
  EXPECT_FALSE(FindShadow(kShadow, "root")->expires_on);
  EXPECT_EQ(FindShadow(kShadow, "iiab-admin")->hash, "$y$abc");
  EXPECT_EQ(FindShadow(kShadow, "iiab-admin")->expires_on, 20100);
  EXPECT_EQ(FindShadow(kShadow, "empty")->hash, "");
  for (const char* user : {"", "broken", "nobody", "iiab-admin:$y$abc"})
    EXPECT_FALSE(FindShadow(kShadow, user)) << user;
  EXPECT_EQ(FirstHash(kShadow), "$y$abc");
  EXPECT_EQ(FirstHash("root:*:19000:0:99999:7:::\n"), "");
}

TEST(Shadow, OneHashChangesAndNothingElse) {
  const auto changed = WithNewHash(kShadow, "iiab-admin", "$6$new", 20500);
  EXPECT_EQ(changed,
            "root:*:19000:0:99999:7:::\n"
            "broken:$6$x\n"
            "iiab-admin:$6$new:20500:0:99999:7::20100:\n"
            "empty::19000:0:99999:7:::\n");
  EXPECT_EQ(WithNewHash("a:x:1:0:9:7:::", "a", "y", 2), "a:y:2:0:9:7:::") << "a last line without its end";
  for (const char* user : {"", "broken", "nobody"}) EXPECT_FALSE(WithNewHash(kShadow, user, "x", 1)) << user;
}

}  // namespace
}  // namespace cmdsrv
