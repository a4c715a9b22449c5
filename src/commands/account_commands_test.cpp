#include <gmock/gmock.h>
#include <sys/stat.h>

#include "commands/fake_box.hpp"
#include "platform/passwords.hpp"
#include "support/limits.hpp"

namespace cmdsrv {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class AccountCommands : public testing::Test {
 protected:
  AccountCommands() {
    const std::string hash = HashPassword(Secret("g0adm1n: \"x\"")).value();
    box.Write(box.root.Path("/etc/passwd"),
              "root:x:0:0::/root:/bin/bash\n"
              "toor:x:0:0::/root:/bin/bash\n"
              "daemon:x:1:1::/:/bin/sh\n"
              "iiab-admin:x:999:999::/:/usr/sbin/nologin\n"
              "teacher:x:1001:1001::/:/bin/bash\n"
              "pupil:x:1002:1002::/:/bin/bash\n"
              "locked:x:1003:27::/:/bin/bash\n"
              "empty:x:1004:27::/:/bin/bash\n"
              "expired:x:1005:27::/:/bin/bash\n"
              "shell-less:x:1006:27::/:/bin/false\n");
    box.Write(box.root.Path("/etc/group"), "sudo:x:27:teacher,root,daemon\niiab-admin:x:999:\n");
    std::string shadow;
    for (const char* user : {"root", "toor", "daemon", "iiab-admin", "teacher", "pupil", "shell-less"}) {
      shadow += fmt::format("{}:{}:1:0:99999:7:::\n", user, hash);
    }
    shadow +=
        fmt::format("locked:!{}:1:0:99999:7:::\nempty::1:0:99999:7:::\nexpired:{}:1:0:99999:7::20000:\n", hash, hash);
    box.Write(box.root.Path("/etc/shadow"), shadow);
  }
  /// The answer with its delay: "VALID", "INVALID after 2000 ms".
  std::string Authenticate(const std::string& user, const std::string& password = "g0adm1n: \"x\"") {
    return Told("AUTHENTICATE", {{"user", user}, {"password", password}});
  }
  std::string Change(const std::string& user, const std::string& old, const std::string& fresh) {
    return Told("CHGPW", {{"user", user}, {"oldpasswd", old}, {"newpasswd", fresh}});
  }
  std::string Told(std::string_view verb, const json::object& arguments) {
    auto outcome = box.Ask(verb, PrintJson(arguments));
    if (!outcome) return TextOf(outcome);
    const auto* late = std::get_if<Late>(&*outcome);
    if (late == nullptr) return TextOf(outcome);
    const Result<Outcome> inner = late->answer ? Result<Outcome>(*late->answer) : Failure(late->answer.error());
    return fmt::format("{} after {} ms", TextOf(inner), late->delay.count());
  }

  FakeBox box;
};

TEST_F(AccountCommands, WhoMayUseTheConsole) {
  EXPECT_EQ(Authenticate("teacher"), R"("VALID")");
  EXPECT_EQ(Authenticate("iiab-admin"), R"("VALID")") << "the administrator needs no shell";
  for (const char* user : {"pupil", "locked", "expired", "shell-less", "toor", "nobody", "", "teacher:x", "TEACHER"}) {
    EXPECT_EQ(Authenticate(user), R"("INVALID" after 2000 ms)") << user;
  }
  EXPECT_EQ(Authenticate("empty", ""), R"("INVALID" after 2000 ms)");
  EXPECT_EQ(Authenticate("teacher", ""), R"("INVALID" after 2000 ms)");
  EXPECT_EQ(Authenticate("teacher", "g0adm1n"), R"("INVALID" after 2000 ms)");
}

TEST_F(AccountCommands, ManyWrongPasswordsOfAUserTakeLonger) {
  for (int i = 0; i < 7; ++i) Authenticate("teacher", "wrong");
  EXPECT_EQ(Authenticate("teacher", "wrong"), R"("INVALID" after 4000 ms)");
  EXPECT_EQ(Authenticate("pupil", "wrong"), R"("INVALID" after 2000 ms)");
  EXPECT_EQ(Authenticate("teacher"), R"("VALID")") << "at once";
}

TEST_F(AccountCommands, AreMalformedWithoutTheirArguments) {
  EXPECT_EQ(box.Ask("AUTHENTICATE", R"({"user": "x"})").error().code, ErrorCode::Malformed);
  EXPECT_EQ(box.Ask("CHGPW", R"({"user": "x", "oldpasswd": "y"})").error().code, ErrorCode::Malformed);
}

TEST_F(AccountCommands, PasswordsThatCannotBeReadAreNobodysFault) {
  std::filesystem::remove(box.root.Path("/etc/shadow"));
  const auto outcome = box.Ask("AUTHENTICATE", R"({"user": "teacher", "password": "x"})");
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, ErrorCode::Unavailable);
  EXPECT_THAT(outcome.error().message, testing::HasSubstr("Passwords cannot be checked"));
}

TEST_F(AccountCommands, APasswordIsChanged) {
  const std::string old = "g0adm1n: \"x\"", fresh = "Wq7-brunt.Oxcart\xc3\xa4 9";
  EXPECT_EQ(Change("teacher", old, fresh), "success: Password Changed");
  EXPECT_EQ(Authenticate("teacher", fresh), R"("VALID")");
  EXPECT_EQ(Authenticate("teacher", old), R"("INVALID" after 2000 ms)");
  EXPECT_EQ(Authenticate("iiab-admin", old), R"("VALID")") << "nobody else's";
  EXPECT_EQ(Change("iiab-admin", old, fresh), "success: Password Changed");
}

TEST_F(AccountCommands, OrNotChanged) {
  const std::string old = "g0adm1n: \"x\"", good = "Wq7-brunt.Oxcart9";
  EXPECT_EQ(Change("root", old, good), "error: May not change root password.");
  EXPECT_EQ(Change("toor", old, good), "error: May not change toor password.");
  EXPECT_EQ(Change("daemon", old, good), "error: May not change daemon password.");
  box.Write(box.root.Path("/etc/login.defs"), "UID_MIN 1002\n");
  EXPECT_EQ(Change("teacher", old, good), "error: May not change teacher password.") << "of the system here";
  box.Write(box.root.Path("/etc/login.defs"), "UID_MIN 1000\n");
  for (const char* user : {"nobody", "", "Teacher", "teacher\n", "tea:cher", "../x"}) {
    EXPECT_EQ(Change(user, old, good), "error: User or Password Incorrect. after 2000 ms") << user;
  }
  EXPECT_EQ(Change("teacher", "wrong", good), "error: User or Password Incorrect. after 2000 ms");
  const std::string weak = "error: Password Strength: ";
  EXPECT_EQ(Change("teacher", old, "short"), weak + "it is too short.");
  EXPECT_EQ(Change("teacher", old, std::string(257, 'x')), weak + "it is too long.");
  EXPECT_EQ(Change("teacher", old, "Wq7-brunt\tOxcart9"), weak + "it has control characters.");
  EXPECT_EQ(Change("teacher", old, old), weak + "it is the same as the old one.");
  EXPECT_THAT(Change("teacher", old, "password"), testing::StartsWith(weak + "it is based on"));
  EXPECT_EQ(Authenticate("teacher", old), R"("VALID")");
}

TEST_F(AccountCommands, APasswordThatCannotBeWrittenStaysTheOldOne) {
  const std::string old = "g0adm1n: \"x\"", good = "Wq7-brunt.Oxcart9";
  const std::string before = *ReadFile(box.root.Path("/etc/shadow"));
  {
    const test::SmallFiles full(10);
    EXPECT_EQ(Change("teacher", old, good), "error: System Error: Failure to change password");
  }
  EXPECT_EQ(*ReadFile(box.root.Path("/etc/shadow")), before);
  EXPECT_EQ(Authenticate("teacher", old), R"("VALID")");
}

/// The usual hash wants 16 MiB, an old one hardly anything.
TEST_F(AccountCommands, WithoutMemoryForAHashThePasswordStaysTheOldOne) {
  constexpr const char* kOld = "$5$rounds=1000$saltsaltsalt$n2jjFLQFaV4oj1eCd6czUh8/zlLVtNWHmixaqQuLhQC";
  box.Write(box.root.Path("/etc/shadow"), fmt::format("teacher:{}:1:0:99999:7:::\n", kOld));
  box.Use();
  const test::LittleMemory little(6U << 20U);
  EXPECT_EQ(Change("teacher", "old", "Wq7-brunt.Oxcart9"), "error: Failed to hash New Password.");
  EXPECT_EQ(*ReadFile(box.root.Path("/etc/shadow")), fmt::format("teacher:{}:1:0:99999:7:::\n", kOld));
}

}  // namespace
}  // namespace cmdsrv
