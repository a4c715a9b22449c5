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

}  // namespace
}  // namespace cmdsrv
