#include "gateway/server_keys.hpp"

#include <gmock/gmock.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "base/log.hpp"
#include "support/scratch.hpp"

namespace cmdsrv::gateway {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

class Keys : public testing::Test {
 protected:
  std::string Seal(const Key& to) const {
    std::string box(5 + crypto_box_MACBYTES, '\0');
    EXPECT_EQ(
        crypto_box_easy(reinterpret_cast<unsigned char*>(box.data()), reinterpret_cast<const unsigned char*>("a:bcd"),
                        5, nonce.data(), to.data(), client.ExposeSecret().data()),
        0);
    return box;
  }
  bool Opens(const ServerKeys& keys, const Key& to) const {
    return keys.Open(Seal(to), nonce, client.Public()).has_value();
  }

  bool ready = InitialiseCrypto();
  test::ScratchDirectory directory;
  std::string path = directory / "state/gateway.key";
  ManualClock clock;
  KeyPair client = KeyPair::Make();
  Nonce nonce{7};
};

TEST_F(Keys, SurviveARestart) {
  const Key first = ServerKeys(path, clock).Public();
  clock.Advance(hours(24));
  const ServerKeys again(path, clock);
  EXPECT_EQ(again.Public(), first);
  EXPECT_TRUE(Opens(again, first));
  struct stat facts {};
  ASSERT_EQ(stat(path.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 07777U, 0600U);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory / "state"), {}), 1)
      << "no temporary file stays";
}

TEST_F(Keys, ChangeEachWeekAndTheOldOneIsGoodForADay) {
  ServerKeys keys(path, clock);
  const Key first = keys.Public();
  clock.Advance(hours(7 * 24) - seconds(1));
  keys.RotateIfDue();
  EXPECT_EQ(keys.Public(), first);
  clock.Advance(seconds(1));
  keys.RotateIfDue();
  EXPECT_NE(keys.Public(), first);
  EXPECT_TRUE(Opens(keys, first));
  EXPECT_TRUE(Opens(ServerKeys(path, clock), first)) << "after a restart too";
  clock.Advance(hours(24));
  EXPECT_FALSE(Opens(keys, first));
  EXPECT_TRUE(Opens(keys, keys.Public()));
  keys.RotateIfDue();
  EXPECT_THAT(test::Slurp(path), testing::Not(testing::HasSubstr("before"))) << "what opens nothing is not kept";
}

TEST_F(Keys, ABrokenOrOpenFileIsReplaced) {
  const Key first = ServerKeys(path, clock).Public();
  const std::string good = test::Slurp(path);
  for (const std::string& text : {std::string(), std::string("{"), good.substr(0, good.size() / 2), std::string("[]"),
                                  std::string(R"({"current": {"secret": "AAAA", "made": 1}})")}) {
    test::Spit(path, text);
    const Key made = ServerKeys(path, clock).Public();
    EXPECT_NE(made, first) << text;
    EXPECT_EQ(ServerKeys(path, clock).Public(), made) << text;
  }
  test::Spit(path, good);
  ASSERT_EQ(chmod(path.c_str(), 0640), 0);
  EXPECT_NE(ServerKeys(path, clock).Public(), first) << "others may have read it";
}

TEST_F(Keys, ALinkIsReplacedAndNotFollowed) {
  test::Spit(directory / "elsewhere", "precious");
  std::filesystem::create_directory(directory / "state");
  std::filesystem::create_symlink(directory / "elsewhere", path);
  const Key made = ServerKeys(path, clock).Public();
  EXPECT_EQ(test::Slurp(directory / "elsewhere"), "precious");
  EXPECT_EQ(ServerKeys(path, clock).Public(), made);
}

TEST_F(Keys, WorkInMemoryWhereTheFileCannotBeWritten) {
  test::Spit(directory / "state", "a file where the directory should be");
  ServerKeys keys(path, clock);
  EXPECT_TRUE(Opens(keys, keys.Public()));
}

TEST_F(Keys, AClockThatWasInTheFutureDoesNotKeepAKeyForYears) {
  clock.wall += hours(24 * 365 * 20);
  const Key first = ServerKeys(path, clock).Public();
  clock.wall -= hours(24 * 365 * 20);
  ServerKeys keys(path, clock);
  EXPECT_EQ(keys.Public(), first);
  clock.Advance(hours(7 * 24));
  keys.RotateIfDue();
  EXPECT_NE(keys.Public(), first);
}

TEST_F(Keys, WhatIsWrongWithAFileIsNamed) {
  std::filesystem::create_directory(directory / "state");
  static std::string logged;
  log::SetSink([](log::Level, std::string_view, std::string&& text) { logged = text; });
  const auto expect_said = [&](const std::string& what) {
    const ServerKeys keys(path, clock);
    EXPECT_EQ(logged, path + what + "; a new key is made, so browsers have to sign in again");
  };
  test::Spit(path, "[]");
  ASSERT_EQ(chmod(path.c_str(), 0640), 0);
  expect_said(" may be read by others");
  test::Spit(path, "[]");
  expect_said(" is no key file");
  test::Spit(path, R"({"current": 5})");
  expect_said(" holds no key");
  if (::geteuid() != 0) return;  // nobody else can give files away
  ASSERT_EQ(::chown(path.c_str(), 65534, 65534), 0);
  expect_said(" belongs to somebody else");
}

}  // namespace
}  // namespace cmdsrv::gateway
