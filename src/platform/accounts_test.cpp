#include "platform/accounts.hpp"

#include <crypt.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <thread>

#include "platform/passwords.hpp"
#include "platform/unique_fd.hpp"
#include "support/run.hpp"
#include "support/scratch.hpp"

namespace cmdsrv {
namespace {

using testing::HasSubstr;

Secret Text(std::string_view text) { return Secret(std::string(text)); }

std::string CryptOf(const std::string& password, const char* setting) {
  crypt_data data{};
  const char* hash = crypt_r(password.c_str(), setting, &data);
  return hash == nullptr ? "" : hash;
}

TEST(Passwords, EveryKindOfHash) {
  const std::string password = "g0:a dm\"1n=\xc3\xa4";
  for (const char* setting : {"$1$saltsalt", "$5$rounds=1000$saltsaltsalt", "$6$rounds=1000$saltsaltsalt",
                              "$2b$04$abcdefghijklmnopqrstuu", "$y$j75$abcdefghijklmnop", "ab"}) {
    const std::string hash = CryptOf(password, setting);
    ASSERT_GT(hash.size(), 12U) << setting;
    EXPECT_TRUE(PasswordMatches(Text(password), hash)) << setting;
    EXPECT_FALSE(PasswordMatches(Text(password.substr(0, 5)), hash)) << setting;
    EXPECT_FALSE(PasswordMatches(Text(""), hash)) << setting;
    EXPECT_FALSE(PasswordMatches(Text(password), "!" + hash)) << "locked";
  }
}

TEST(Passwords, WhatIsNoHashMatchesNothing) {
  for (const char* hash : {"", "*", "!", "!!", "x", "$", "$6$", "$9$abc$def", "*0", "*1", "plain text"}) {
    EXPECT_FALSE(PasswordMatches(Text(""), hash)) << hash;
    EXPECT_FALSE(PasswordMatches(Text("x"), hash)) << hash;
    EXPECT_FALSE(PasswordMatches(Text(hash), hash)) << hash;
  }
  EXPECT_FALSE(PasswordMatches(Secret(std::string("a\0b", 3)), HashPassword(Text("a")).value()));
}

TEST(Passwords, AFreshHashHasAFreshSalt) {
  const auto first = HashPassword(Text("g0adm1n"));
  const auto second = HashPassword(Text("g0adm1n"));
  ASSERT_TRUE(first && second);
  EXPECT_NE(*first, *second);
  EXPECT_TRUE(first->starts_with("$y$") || first->starts_with("$6$")) << *first;
  EXPECT_TRUE(PasswordMatches(Text("g0adm1n"), *first));
}

TEST(Passwords, CracklibJudges) {
  const auto weak = WhyPasswordIsWeak(Text("password"));
  ASSERT_TRUE(weak) << weak.error().message;
  EXPECT_THAT(*weak, HasSubstr("dictionary"));
  EXPECT_EQ(WhyPasswordIsWeak(Text("aaaaaaaaaaaa")).value(), "it does not contain enough DIFFERENT characters");
  EXPECT_EQ(WhyPasswordIsWeak(Text("Wq7-brunt.Oxcart9")).value(), "");
}

class AccountsTest : public testing::Test {
 protected:
  AccountsTest() {
    std::filesystem::create_directory(directory / "etc");
    test::Spit(directory / "etc/passwd", "iiab-admin:x:1001:1001::/:/bin/bash\n");
    test::Spit(directory / "etc/group", "sudo:x:27:iiab-admin\n");
    test::Spit(directory / "etc/shadow", kShadow);
    chmod((directory / "etc/shadow").c_str(), 0640);
  }

  static constexpr const char* kShadow = "root:*:1:0:9:7:::\niiab-admin:$y$abc:1:0:9:7:::\n";
  test::ScratchDirectory directory;
  Root root = Root::At(directory.Path()).value();
  Accounts accounts{root};
};

TEST_F(AccountsTest, OfABox) {
  const auto admin = accounts.Find("iiab-admin");
  ASSERT_TRUE(admin);
  EXPECT_EQ(admin->uid, 1001U);
  EXPECT_TRUE(accounts.IsInGroup(*admin, "sudo"));
  EXPECT_FALSE(accounts.IsInGroup(*admin, "root"));
  EXPECT_FALSE(accounts.Find("root")) << "the box's own accounts count, not the machine's";
  EXPECT_EQ(accounts.Shadow("iiab-admin")->hash, "$y$abc");
  EXPECT_EQ(accounts.Shadow("nobody").error().message, "this user has no password");
  EXPECT_EQ(accounts.HashOfSomebody(), "$y$abc");
  std::filesystem::remove(directory / "etc/shadow");
  EXPECT_EQ(accounts.Shadow("iiab-admin").error().code, ErrorCode::Io);
}

TEST_F(AccountsTest, OfThisMachine) {
  const Root real;
  const Accounts machine(real);
  const auto root_account = machine.Find("root");
  ASSERT_TRUE(root_account);
  EXPECT_EQ(root_account->uid, 0U);
  EXPECT_TRUE(machine.IsInGroup(*root_account, "root"));
  EXPECT_FALSE(machine.IsInGroup(*root_account, "no-such-group"));
  EXPECT_FALSE(machine.Find("no-such-user"));
}

TEST_F(AccountsTest, WherePeopleBegin) {
  EXPECT_EQ(accounts.FirstPerson(), 1000U) << "as usual";
  const std::pair<const char*, std::uint32_t> texts[] = {{"# UID_MIN 5\nUID_MIN\t\t\t 500\nUID_MAX 60000\n", 500},
                                                         {"  UID_MIN 2000  \n", 2000},
                                                         {"UID_MINIMUM 7\nSYS_UID_MIN 100\nUID_MIN\n", 1000},
                                                         {"UID_MIN -1\nUID_MIN x\nUID_MIN 99999999999\n", 1000}};
  for (const auto& [text, first] : texts) {
    test::Spit(directory / "etc/login.defs", text);
    EXPECT_EQ(accounts.FirstPerson(), first) << text;
  }
}

TEST_F(AccountsTest, AHashIsReplacedAndTheRestKept) {
  ASSERT_TRUE(accounts.SetHash("iiab-admin", "$6$new", 20500));
  EXPECT_EQ(test::Slurp(directory / "etc/shadow"), "root:*:1:0:9:7:::\niiab-admin:$6$new:20500:0:9:7:::\n");
  EXPECT_EQ(test::Slurp(directory / "etc/shadow-"), kShadow);
  struct stat facts {};
  ASSERT_EQ(stat((directory / "etc/shadow").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 07777U, 0640U);
  EXPECT_EQ(accounts.SetHash("nobody", "$6$new", 20500).error().message,
            "this user has no line in " + (directory / "etc/shadow"));
}

TEST_F(AccountsTest, WaitsForWhoeverChangesPasswords) {
  UniqueFd other(open((directory / "etc/.pwd.lock").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  struct flock whole {};
  whole.l_type = F_WRLCK;
  ASSERT_EQ(fcntl(other.Get(), F_OFD_SETLK, &whole), 0);
  EXPECT_EQ(accounts.SetHash("iiab-admin", "$6$new", 1).error().message,
            fmt::format("somebody else is changing passwords: {} is locked", directory / "etc/.pwd.lock"));
  EXPECT_EQ(test::Slurp(directory / "etc/shadow"), kShadow);
  other = UniqueFd();
  EXPECT_TRUE(accounts.SetHash("iiab-admin", "$6$new", 1));
}

/// The program of the system, with the same files. Its exit status and what it says.
test::RunEnd RealChpasswd(const std::string& root, const std::string& line) {
  std::vector<std::string> argv{"sh", "-c", "printf '%s\\n' \"$1\" | chpasswd --encrypted --root \"$2\"",
                                "sh", line, root};
  if (geteuid() != 0) argv.insert(argv.begin(), {"unshare", "--map-root-user"});
  return test::RunTool(argv, std::chrono::seconds(60));
}

TEST_F(AccountsTest, ChpasswdOfTheSystemGoesOnWithWhatWeWrite) {
  test::Spit(directory / "etc/passwd", "iiab-admin:x:1001:1001::/:/bin/bash\npupil:x:1002:1002::/:/bin/bash\n");
  test::Spit(directory / "etc/shadow", "iiab-admin:$y$abc:1:0:9:7:::\npupil:$y$abc:1:0:9:7:::\n");
  ASSERT_TRUE(accounts.SetHash("iiab-admin", "$6$ours", 20500));
  const test::RunEnd end = RealChpasswd(directory.Path(), "pupil:$6$theirs");
  EXPECT_EQ(end.status, 0) << end.output;
  EXPECT_EQ(accounts.Shadow("pupil")->hash, "$6$theirs");
  EXPECT_EQ(accounts.Shadow("iiab-admin")->hash, "$6$ours");
  ASSERT_TRUE(accounts.SetHash("pupil", "$6$again", 20501));
  EXPECT_EQ(accounts.Shadow("pupil")->hash, "$6$again");
}

TEST_F(AccountsTest, NothingIsLostWhenChpasswdRunsAtTheSameTime) {
  constexpr int kRounds = 20;
  test::Spit(directory / "etc/passwd", "iiab-admin:x:1001:1001::/:/bin/bash\npupil:x:1002:1002::/:/bin/bash\n");
  test::Spit(directory / "etc/shadow", "iiab-admin:$y$abc:1:0:9:7:::\npupil:$y$abc:1:0:9:7:::\n");
  std::thread theirs([&] {
    for (int i = 0; i <= kRounds; ++i) {
      const test::RunEnd end = RealChpasswd(directory.Path(), fmt::format("pupil:$6$theirs{}", i));
      EXPECT_EQ(end.status, 0) << end.output;
    }
  });
  for (int i = 0; i <= kRounds; ++i) {
    const std::string hash = fmt::format("$6$ours{}", i);
    EXPECT_TRUE(accounts.SetHash("iiab-admin", hash, 20500));
    EXPECT_EQ(accounts.Shadow("iiab-admin")->hash, hash) << "chpasswd has put back what it had read before";
  }
  theirs.join();
  EXPECT_EQ(accounts.Shadow("iiab-admin")->hash, fmt::format("$6$ours{}", kRounds));
  EXPECT_EQ(accounts.Shadow("pupil")->hash, fmt::format("$6$theirs{}", kRounds));
}

}  // namespace
}  // namespace cmdsrv
