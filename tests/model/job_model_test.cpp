// Thousands of random lives of a box, each a seed: no job is lost, doubled or stuck, whatever happens in them.
//   CMDSRV_MODEL_SEED=4711            one life again, told event by event
//   CMDSRV_MODEL_HISTORIES=1000000    more of them, from a seed that nobody has tried
//   CMDSRV_MODEL_FIRST=10001          from this seed
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <random>
#include <string>

#include "base/log.hpp"
#include "model/history.hpp"
#include "model/violation.hpp"
#include "support/scratch.hpp"

namespace cmdsrv::model {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr long kHistories = 250;  // these look for other mistakes
#else
constexpr long kHistories = 10'000;
#endif

long NumberFrom(const char* name, long otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::atol(text);
}

class JobModel : public testing::Test {
 protected:
  void SetUp() override {
    if (!tell_) log::SetSink([](log::Level, std::string_view, std::string&&) {});
  }

  /// False when a promise was broken.
  bool Live(std::uint64_t seed, const std::function<void(History&)>& life) {
    History history(seed, scratch_.Path(), tell_);
    try {
      life(history);
    } catch (const Violation& violation) {
      ADD_FAILURE() << "seed " << seed << ": " << violation.what << "\n" << history.Report();
      return false;
    }
    totals_.Add(history.Counted());
    return true;
  }

  const bool tell_ = std::getenv("CMDSRV_MODEL_SEED") != nullptr;
  test::ScratchDirectory scratch_{"/dev/shm"};
  History::Totals totals_;
};

TEST_F(JobModel, RandomLivesKeepEveryPromise) {
  const bool again = tell_;
  const bool more = std::getenv("CMDSRV_MODEL_HISTORIES") != nullptr && std::getenv("CMDSRV_MODEL_FIRST") == nullptr;
  const long otherwise = more ? static_cast<long>(std::random_device{}()) : NumberFrom("CMDSRV_MODEL_FIRST", 1);
  const auto first = static_cast<std::uint64_t>(NumberFrom("CMDSRV_MODEL_SEED", otherwise));
  const long count = again ? 1 : NumberFrom("CMDSRV_MODEL_HISTORIES", kHistories);
  const auto began = std::chrono::steady_clock::now();
  int broken = 0;
  for (long i = 0; i < count && broken < 5; ++i) {
    if (!Live(first + static_cast<std::uint64_t>(i), [](History& history) { history.Run(); })) ++broken;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  fmt::print(
      "{} lives from seed {} in {:.1f} s: {} jobs, {} begins, {} merged, {} groups tried again, {} kills, {} power "
      "cuts, "
      "{} writes\n",
      count, first, took.count(), totals_.jobs, totals_.begins, totals_.merged, totals_.retries, totals_.crashes,
      totals_.power_cuts, totals_.writes);
  if (again || broken > 0) return;
  for (const long number : {totals_.begins, totals_.merged, totals_.retries, totals_.crashes, totals_.power_cuts}) {
    EXPECT_GT(number, count / 100) << "these lives are too quiet to prove anything";
  }
}

TEST_F(JobModel, ACrashAtEachWriteLosesNothing) {
  for (const bool power : {false, true}) {
    for (const bool after : {false, true}) {
      long writes = 1;
      for (long number = 1; number <= writes; ++number) {
        SCOPED_TRACE(
            fmt::format("crash {} write {}{}", after ? "after" : "before", number, power ? ", power cut" : ""));
        ASSERT_TRUE(Live(7, [&](History& history) {
          writes = std::max(writes, history.RunWithCrashAtWrite(number, after, power));
        }));
      }
      EXPECT_GT(writes, 10);
    }
  }
}

}  // namespace
}  // namespace cmdsrv::model
