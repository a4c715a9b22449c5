#include "gateway/session_store.hpp"

#include <gmock/gmock.h>

#include <set>

namespace cmdsrv::gateway {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

class Sessions : public testing::Test {
 protected:
  std::optional<std::string> Use(const std::string& token, const Holder& holder) {
    const auto found = store.Find(Secret(token), holder);
    return found ? std::optional(found->user) : std::nullopt;
  }
  SessionId IdOf(const std::string& token, const Holder& holder) { return store.Find(Secret(token), holder)->id; }

  bool ready = InitialiseCrypto();
  ManualClock clock;
  SessionStore store{clock};
  Key browser = KeyPair::Make().Public(), other = KeyPair::Make().Public();
};

TEST_F(Sessions, BelongToOneUserAndOneKey) {
  const std::string token = store.Open("admin", browser);
  EXPECT_EQ(token.size(), 43U);
  EXPECT_EQ(Use(token, browser), "admin");
  EXPECT_EQ(Use(token, browser), "admin") << "not used up";
  EXPECT_FALSE(Use(token, other));
  EXPECT_FALSE(Use(token + "x", browser));
  EXPECT_FALSE(Use("", browser));
}

TEST_F(Sessions, EndWhenNobodyUsesThem) {
  const std::string token = store.Open("admin", browser);
  clock.Advance(hours(2) - minutes(1));
  EXPECT_TRUE(Use(token, browser));
  clock.Advance(hours(2));
  EXPECT_FALSE(Use(token, browser));
  EXPECT_EQ(store.Size(), 0U);
}

TEST_F(Sessions, EndAfterTwelveHours) {
  const std::string token = store.Open("admin", browser);
  for (int i = 0; i < 11; ++i) {
    clock.Advance(hours(1));
    EXPECT_TRUE(Use(token, browser)) << i;
  }
  clock.Advance(hours(1));
  EXPECT_FALSE(Use(token, browser));
}

TEST_F(Sessions, EndByLogoutAndAllTogether) {
  const std::string token = store.Open("admin", browser), second = store.Open("admin", browser);
  const SessionId id = IdOf(token, browser);
  EXPECT_EQ(store.UserOf(id), "admin");
  EXPECT_TRUE(store.Close(id));
  EXPECT_FALSE(store.Close(id));
  EXPECT_FALSE(store.UserOf(id));
  EXPECT_FALSE(Use(token, browser));
  EXPECT_TRUE(Use(second, browser));
  store.Clear();
  EXPECT_FALSE(Use(second, browser));
}

TEST_F(Sessions, ACookieBelongsToNoKey) {
  const std::string token = store.Open("admin", std::nullopt);
  EXPECT_TRUE(Use(token, std::nullopt));
  EXPECT_FALSE(Use(token, browser));
  EXPECT_FALSE(Use(token, Key{})) << "no key stands for none";
  const std::string sealed = store.Open("admin", browser);
  EXPECT_FALSE(Use(sealed, std::nullopt)) << "whoever heard a token cannot use it as a cookie";
}

TEST_F(Sessions, TheForgeryTextBelongsToOneSession) {
  const SessionId one = IdOf(store.Open("admin", std::nullopt), std::nullopt);
  const SessionId two = IdOf(store.Open("admin", std::nullopt), std::nullopt);
  EXPECT_EQ(store.ForgeryText(one).size(), 43U);
  EXPECT_EQ(store.ForgeryText(one), store.ForgeryText(one));
  EXPECT_NE(store.ForgeryText(one), store.ForgeryText(two));
}

TEST_F(Sessions, LookingIsNoUse) {
  const SessionId id = IdOf(store.Open("admin", std::nullopt), std::nullopt);
  for (int i = 0; i < 23; ++i) {
    clock.Advance(minutes(5));
    EXPECT_TRUE(store.UserOf(id)) << i;
  }
  clock.Advance(minutes(5));
  EXPECT_FALSE(store.UserOf(id));
}

TEST_F(Sessions, TwoHundredAtMost) {
  std::vector<std::string> tokens;
  tokens.reserve(201);
  for (int i = 0; i < 200; ++i) tokens.push_back(store.Open("admin", browser));
  EXPECT_TRUE(Use(tokens[0], browser));
  tokens.push_back(store.Open("admin", browser));
  EXPECT_EQ(store.Size(), 200U);
  EXPECT_TRUE(Use(tokens[0], browser)) << "it was just used";
  EXPECT_FALSE(Use(tokens[1], browser)) << "nobody used it for longest";
  EXPECT_TRUE(Use(tokens[200], browser));
  EXPECT_EQ(std::set<std::string>(tokens.begin(), tokens.end()).size(), tokens.size());
}

}  // namespace
}  // namespace cmdsrv::gateway
