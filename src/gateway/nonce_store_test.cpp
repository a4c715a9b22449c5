#include "gateway/nonce_store.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <malloc.h>

#include <deque>
#include <map>
#include <random>

#include "gateway/base64.hpp"

namespace cmdsrv::gateway {
namespace {

using std::chrono::seconds;

class Nonces : public testing::Test {
 protected:
  bool Take(std::string_view text) {
    Nonce nonce;
    return store.Take(text, nonce);
  }

  ManualClock clock;
  NonceStore store{clock};
};

TEST_F(Nonces, EachIsGoodOnce) {
  const std::string text = store.Issue("a");
  ASSERT_EQ(text.size(), 32U);
  Nonce nonce{};
  EXPECT_TRUE(store.Take(text, nonce));
  EXPECT_EQ(ToBase64({reinterpret_cast<const char*>(nonce.data()), nonce.size()}), text);
  EXPECT_FALSE(Take(text));
  EXPECT_EQ(store.Outstanding(), 0U);
}

TEST_F(Nonces, ForeignOnesAreNot) {
  std::string text = store.Issue("a");
  text[5] = text[5] == 'A' ? 'B' : 'A';
  for (const std::string& other : {text, std::string(32, 'A'), std::string(31, 'A'), std::string(), std::string("="),
                                   std::string(4000, 'A'), std::string(32, '*')}) {
    EXPECT_FALSE(Take(other)) << other;
  }
  EXPECT_EQ(store.Outstanding(), 1U);
}

TEST_F(Nonces, GoAfterTwoMinutes) {
  const std::string early = store.Issue("a");
  clock.Advance(seconds(1));
  const std::string late = store.Issue("a");
  clock.Advance(seconds(119));
  EXPECT_FALSE(Take(early));
  EXPECT_TRUE(Take(late));
}

TEST_F(Nonces, AClientHasTwoHundredAndLosesItsOldest) {
  const std::string other = store.Issue("b");
  std::vector<std::string> texts;
  for (int i = 0; i < 201; ++i) texts.push_back(store.Issue("a"));
  EXPECT_EQ(store.Outstanding(), 201U);
  EXPECT_FALSE(Take(texts[0]));
  EXPECT_TRUE(Take(texts[1]));
  EXPECT_TRUE(Take(texts[200]));
  EXPECT_TRUE(Take(other));
}

TEST_F(Nonces, TenThousandInAll) {
  std::vector<std::string> texts;
  for (int i = 0; i < 10'001; ++i) texts.push_back(store.Issue(fmt::format("client {}", i)));
  EXPECT_EQ(store.Outstanding(), 10'000U);
  EXPECT_FALSE(Take(texts[0]));
  EXPECT_TRUE(Take(texts[1]));
  EXPECT_TRUE(Take(texts[10'000]));
}

TEST_F(Nonces, AMillionRequestsTakeNoMoreMemory) {
  for (int i = 0; i < 20'000; ++i) store.Issue(fmt::format("{}", i));
  const auto before = mallinfo2().uordblks;
  for (int i = 0; i < 1'000'000; ++i) store.Issue(fmt::format("{}", i % 70'000));
  EXPECT_EQ(mallinfo2().uordblks, before);
  EXPECT_EQ(store.Outstanding(), 10'000U);
}

// The same rules, written as slowly and plainly as can be, beside the real store.
TEST(NonceModel, AgreesWithThePlainRules) {
  struct Given {
    std::string text;
    int client;
    SteadyTime at;
  };
  ManualClock clock;
  NonceStore store(clock, {.in_all = 50, .per_client = 8, .lifetime = seconds(20)});
  std::deque<Given> model;
  std::vector<std::string> ever;
  std::mt19937 random(7);
  const auto drop_oldest = [&](auto condition) { model.erase(std::ranges::find_if(model, condition)); };
  for (int round = 0; round < 20'000; ++round) {
    std::erase_if(model, [&](const Given& given) { return clock.steady - given.at >= seconds(20); });
    if (random() % 3 != 0) {
      const int client = static_cast<int>(random() % 12);
      const auto is_its = [&](const Given& given) { return given.client == client; };
      if (std::ranges::count_if(model, is_its) == 8) {
        drop_oldest(is_its);
      } else if (model.size() == 50) {
        model.pop_front();
      }
      model.push_back({store.Issue(fmt::format("{}", client)), client, clock.steady});
      ever.push_back(model.back().text);
    } else if (!ever.empty()) {
      const std::string& text = ever[ever.size() - 1 - random() % std::min<std::size_t>(ever.size(), 80)];
      const auto found = std::ranges::find(model, text, &Given::text);
      Nonce nonce;
      ASSERT_EQ(store.Take(text, nonce), found != model.end()) << "round " << round;
      if (found != model.end()) model.erase(found);
    }
    if (random() % 5 == 0) clock.Advance(std::chrono::milliseconds(random() % 2000));
  }
}

}  // namespace
}  // namespace cmdsrv::gateway
