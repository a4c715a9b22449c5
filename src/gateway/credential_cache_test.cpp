#include "gateway/credential_cache.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "gateway/nacl_box.hpp"

namespace cmdsrv::gateway {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class Cache : public testing::Test {
 protected:
  CredentialCache::Mark Mark(std::string user, std::string password) {
    return cache.MarkOf({std::move(user), Secret(std::move(password))});
  }
  void Remember(const CredentialCache::Mark& mark) { cache.Remember(mark, cache.Generation()); }

  bool ready = InitialiseCrypto();
  ManualClock clock;
  CredentialCache cache{clock};
};

TEST_F(Cache, KnowsExactlyThePairItWasTold) {
  Remember(Mark("admin", "a:b"));
  EXPECT_TRUE(cache.Knows(Mark("admin", "a:b")));
  EXPECT_FALSE(cache.Knows(Mark("admin", "a:B")));
  EXPECT_FALSE(cache.Knows(Mark("admin", "")));
  EXPECT_FALSE(cache.Knows(Mark("admi", "na:b")));
  EXPECT_NE(CredentialCache(clock).MarkOf({"admin", Secret("a:b")}), Mark("admin", "a:b"))
      << "another process, another key";
}

TEST_F(Cache, ForTenMinutesAfterTheConfirmation) {
  Remember(Mark("a", "b"));
  clock.Advance(minutes(10) - seconds(1));
  EXPECT_TRUE(cache.Knows(Mark("a", "b")));
  clock.Advance(seconds(1));  // looking at it has not made it younger
  EXPECT_FALSE(cache.Knows(Mark("a", "b")));
}

TEST_F(Cache, HoldsTwoHundred) {
  for (int i = 0; i < 201; ++i) Remember(Mark("u", std::to_string(i)));
  EXPECT_EQ(cache.Size(), 200U);
  EXPECT_FALSE(cache.Knows(Mark("u", "0")));
  EXPECT_TRUE(cache.Knows(Mark("u", "1")));
  EXPECT_TRUE(cache.Knows(Mark("u", "200")));
  Remember(Mark("u", "1"));
  EXPECT_EQ(cache.Size(), 200U) << "one pair takes one place";
}

TEST_F(Cache, ForgetsEverythingWhenPasswordsMayHaveChanged) {
  cache.ShadowIs("1");
  Remember(Mark("a", "b"));
  cache.ShadowIs("1");
  EXPECT_TRUE(cache.Knows(Mark("a", "b")));
  cache.ShadowIs("2");
  EXPECT_FALSE(cache.Knows(Mark("a", "b")));
  Remember(Mark("a", "b"));
  cache.Clear();
  EXPECT_FALSE(cache.Knows(Mark("a", "b")));
}

TEST_F(Cache, AnAnswerFromBeforeTheChangeComesTooLate) {
  const auto asked_in = cache.Generation();
  cache.ShadowIs("new");
  cache.Remember(Mark("a", "b"), asked_in);
  EXPECT_FALSE(cache.Knows(Mark("a", "b")));
}

}  // namespace
}  // namespace cmdsrv::gateway
