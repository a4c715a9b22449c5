#include "jobs/output_text.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.hpp"

namespace cmdsrv {
namespace {

using testing::EndsWith;
using testing::StartsWith;

std::string Lines(int count) {
  std::string text;
  for (int i = 1; i <= count; ++i) text += fmt::format("line {}\n", i);
  return text;
}

TEST(OutputText, RunningShowsTheLastTenLinesAndTheNewestProgress) {
  const auto shown = OutputWhileRunning(Lines(12) + "@progress phase=copy bytes=1024 total=2048\n", false, 1000);
  EXPECT_THAT(shown.text, StartsWith("line 3\n"));
  EXPECT_THAT(shown.text, EndsWith("line 12\ncopy: 1.00K of 2.00K (50%)"));
  ASSERT_TRUE(shown.progress);
  EXPECT_EQ(shown.progress->percent, 50);
}

TEST(OutputText, FullLogShowsEverythingWithinTheCap) {
  EXPECT_EQ(OutputWhileRunning(Lines(12), true, 1000).text, Lines(12));
  const auto cut = OutputWhileRunning(Lines(100), true, 200).text;
  EXPECT_LE(cut.size(), 200U);
  EXPECT_THAT(cut, StartsWith("[the beginning was cut; the job's log has more]\nline "));
  EXPECT_THAT(cut, EndsWith("line 100\n"));
}

TEST(OutputText, TheEndHasNoProgressButTheRemark) {
  EXPECT_EQ(OutputAtEnd("a\n@progress bytes=1\nb", false, 100, "ended by signal 9 (Killed)"),
            "a\nb\nended by signal 9 (Killed)");
  EXPECT_EQ(OutputAtEnd("", false, 100, "cannot start x: no such file"), "cannot start x: no such file");
  EXPECT_EQ(OutputAtEnd("a\n", false, 100, ""), "a\n");
}

TEST(OutputText, HostileBytesBecomeReadableUtf8WithinTheCap) {
  const auto text = OutputAtEnd(std::string(100, '\xff') + "\x1b[31m\r50%\r60%", true, 120, "");
  EXPECT_TRUE(IsUtf8(text));
  EXPECT_LE(text.size(), 120U);
  EXPECT_THAT(text, EndsWith("50%\n60%"));
  const auto one_line = OutputAtEnd(std::string(500, '\xff'), true, 100, "end");
  EXPECT_TRUE(IsUtf8(one_line));
  EXPECT_LE(one_line.size(), 100U);
  EXPECT_THAT(one_line, EndsWith("\nend"));
}

TEST(OutputText, ATinyCapIsKept) { EXPECT_LE(OutputAtEnd(Lines(50), true, 10, "").size(), 10U); }

}  // namespace
}  // namespace cmdsrv
