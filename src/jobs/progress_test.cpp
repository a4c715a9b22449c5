#include "jobs/progress.hpp"

#include <gtest/gtest.h>

namespace cmdsrv {
namespace {

TEST(Progress, ReadsAFullLine) {
  const auto progress = ParseProgress("@progress phase=download bytes=9646899 total=29360128 rate=3145728 eta=6");
  ASSERT_TRUE(progress);
  EXPECT_EQ(*progress, (Progress{"download", 9646899, 29360128, 3145728, 6, 32}));
  EXPECT_EQ(ProgressSentence(*progress), "download: 9.20M of 28.0M (32%), 3.00M/s, 6 s left");
}

TEST(Progress, UnknownAndBrokenWordsAreLeftOut) {
  const auto progress = ParseProgress("@progress color=red bytes=-5 total=x rate= eta phase=../etc percent=900");
  ASSERT_TRUE(progress);
  EXPECT_EQ(*progress, (Progress{"", -1, -1, -1, -1, 100}));
}

TEST(Progress, HugeAndContradictoryNumbersGiveASanePercent) {
  const std::string most = "9223372036854775807";
  EXPECT_EQ(ParseProgress("@progress bytes=" + most + " total=" + most)->percent, 100);
  EXPECT_EQ(ParseProgress("@progress bytes=500 total=100")->percent, 100);
  EXPECT_EQ(ParseProgress("@progress bytes=5 total=0")->percent, -1);
  EXPECT_EQ(ParseProgress("@progress bytes=999999 total=1000000")->percent, 99);
  EXPECT_EQ(ParseProgress("@progress bytes=92233720368547758079")->bytes, -1);
}

TEST(Progress, OtherLinesAreNone) {
  for (const char* line : {"", "progress", "@progressive bytes=1", " @progress bytes=1", "@progres"}) {
    EXPECT_FALSE(ParseProgress(line)) << line;
  }
}

TEST(Progress, SentencesNeedNoPart) {
  EXPECT_EQ(ProgressSentence({}), "");
  EXPECT_EQ(ProgressSentence({"unpack", -1, -1, -1, -1, -1}), "unpack");
  EXPECT_EQ(ProgressSentence({"", -1, -1, -1, -1, 40}), "40%");
  EXPECT_EQ(ProgressSentence({"copy", 2048, -1, -1, 90000, -1}), "copy: 2.00K, 1 d 1 h left");
  EXPECT_EQ(ProgressSentence({"", -1, -1, -1, 3725, -1}), "1 h 2 min left");
  EXPECT_EQ(ProgressSentence({"", -1, -1, -1, 125, -1}), "2 min 5 s left");
}

TEST(Progress, WithinAPhaseNothingGoesBackwards) {
  const Progress before{.phase = "download", .bytes = 60, .total = 100, .rate = 9, .percent = 60};
  const Progress later = Later(before, {.phase = "download", .bytes = 20, .total = 100, .rate = 3});
  EXPECT_EQ(later, (Progress{"download", 60, 100, 3, -1, 60}));
  EXPECT_EQ(Later(before, {.phase = "verify", .bytes = 0, .total = 100}), (Progress{"verify", 0, 100, -1, -1, 0}));
  EXPECT_EQ(Later(before, {.phase = "download", .bytes = 20, .total = 50}).total, -1) << "there are 60 already";
  EXPECT_EQ(Later({}, {.bytes = 7, .total = 5}), (Progress{.bytes = 7}));
  EXPECT_EQ(Later({}, {.bytes = 7, .total = 0}).percent, -1);
}

TEST(Progress, WhatIsPrintedReadsBack) {
  for (const Progress& progress :
       {Progress{}, Progress{"task: a = b phase=c", 1, 2, 3, 4, 50}, Progress{.phase = "Größe", .bytes = kMostBytes}}) {
    EXPECT_EQ(ReadPrintedProgress(PrintProgress(progress)), progress);
  }
  EXPECT_EQ(ReadPrintedProgress(""), std::nullopt);
  EXPECT_EQ(ReadPrintedProgress("bytes=1"), std::nullopt);
}

TEST(Progress, SplittingKeepsTheTextAndFirstAndLast) {
  const auto split = SplitProgress("begin\n@progress bytes=1\nmiddle\n@progress bytes=2\n@progress bytes=3\nend");
  EXPECT_EQ(split.text, "begin\nmiddle\nend");
  EXPECT_EQ(split.first->bytes, 1);
  EXPECT_EQ(split.last->bytes, 3);
  EXPECT_TRUE(Progressed(split.first, split.last));
}

TEST(Progress, AnUnfinishedLineIsNeitherShownNorBelieved) {
  for (const char* tail : {"@", "@prog", "@progress", "@progress bytes=12"}) {
    const auto split = SplitProgress(std::string("x\n@progress bytes=5\n") + tail);
    EXPECT_EQ(split.text, "x\n") << tail;
    EXPECT_EQ(split.last->bytes, 5) << tail;
    EXPECT_FALSE(Progressed(split.first, split.last));
  }
  EXPECT_EQ(SplitProgress("@home").text, "@home");
}

TEST(Progress, AnotherPhaseIsProgressButStandingStillIsNot) {
  EXPECT_TRUE(Progressed(Progress{.phase = "a"}, Progress{.phase = "b"}));
  EXPECT_TRUE(Progressed(Progress{.percent = 6}, Progress{.percent = 7}));
  EXPECT_FALSE(Progressed(Progress{.phase = "a", .bytes = 7}, Progress{.phase = "a", .bytes = 7}));
  EXPECT_FALSE(Progressed({}, {}));
  EXPECT_FALSE(Progressed({}, Progress{.bytes = 7}));
}

}  // namespace
}  // namespace cmdsrv
