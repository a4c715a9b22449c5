#include "ctl/progress_view.hpp"

#include <gmock/gmock.h>

#include "ctl/fakes.hpp"
#include "ctl/shown_text.hpp"

namespace cmdsrv::ctl {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const WallTime kNow{seconds{1777636800}};

JobRow Running(int id, int percent) {
  return {.id = id,
          .step_no = 1,
          .step_count = 2,
          .status = "STARTED",
          .started = kNow - seconds{12},
          .progress = JobProgress{.phase = "download", .percent = percent}};
}

JobRow Waiting(int id) {
  return {.id = id, .step_no = 2, .step_count = 2, .status = "SCHEDULED", .reason = "waits for job 41"};
}

std::vector<std::string> Texts(const std::vector<ViewLine>& lines) {
  std::vector<std::string> texts;
  for (const ViewLine& line : lines) texts.push_back(line.text);
  return texts;
}

TEST(ProgressView, OneLineAStep) {
  EXPECT_THAT(Texts(ViewOfGroup({Waiting(42), Running(41, 50)}, kNow, {.columns = 100, .rows = 24}, false)),
              ElementsAre("job 41  step 1 of 2  STARTED    00:12  [##########----------]  download   50%",
                          "job 42  step 2 of 2  SCHEDULED      -  waits for job 41"));
}

TEST(ProgressView, NoLineIsAsWideAsTheWindow) {
  for (std::size_t columns = 20; columns < 100; ++columns) {
    for (const ViewLine& line : ViewOfGroup({Running(41, 50)}, kNow, {.columns = columns, .rows = 24}, true)) {
      EXPECT_LT(line.columns, columns);
    }
  }
}

TEST(ProgressView, TheStatusIsColoured) {
  const auto lines = ViewOfGroup({Running(41, 50)}, kNow, {.columns = 100, .rows = 24}, true);
  EXPECT_THAT(lines[0].text, HasSubstr("\x1b[36mSTARTED\x1b[0m "));
  EXPECT_EQ(lines[0].columns, 77U);  // without the colour
}

TEST(ProgressView, ManyStepsAreCountedAndTheRunningOneIsSeen) {
  std::vector<JobRow> rows;
  for (int id = 1; id <= 30; ++id) rows.push_back({.id = id, .status = id < 20 ? "SUCCEEDED" : "SCHEDULED"});
  rows[19] = Running(20, 3);
  const auto lines = Texts(ViewOfGroup(rows, kNow, {.columns = 80, .rows = 8}, false));
  ASSERT_EQ(lines.size(), 6U);
  EXPECT_THAT(lines[0], HasSubstr("job 20 "));
  EXPECT_EQ(lines[5], "and 25 more: 19 SUCCEEDED, 6 SCHEDULED");
}

TEST(LiveView, DrawsOverWhatItDrewBefore) {
  fakes::FakeScreen screen;
  screen.size = {.columns = 40, .rows = 24};
  LiveView view(screen);
  view.Show({{.text = "one", .columns = 3}, {.text = "two", .columns = 3}});
  EXPECT_EQ(screen.out, "one\x1b[K\ntwo\x1b[K\n\x1b[J");
  screen.out.clear();
  view.Show({{.text = "ONE", .columns = 3}, {.text = std::string(39, 'x'), .columns = 39}});
  EXPECT_TRUE(screen.out.starts_with("\x1b[2A\rONE\x1b[K\n")) << screen.out;
  screen.out.clear();
  screen.size.columns = 20;  // the second line now takes two
  view.Show({{.text = "end", .columns = 3}});
  EXPECT_EQ(screen.out, "\x1b[3A\rend\x1b[K\n\x1b[J");
}

TEST(ChangeLines, OnlyChangesAndProgressNotMoreThanEveryTenSeconds) {
  ChangeLines changes;
  SteadyTime now{};
  EXPECT_THAT(changes.Update({Running(41, 1), Waiting(42)}, kNow, now),
              ElementsAre("job 41  step 1 of 2  STARTED    00:12  download    1%",
                          "job 42  step 2 of 2  SCHEDULED      -  waits for job 41"));
  EXPECT_THAT(changes.Update({Running(41, 2), Waiting(42)}, kNow, now += seconds{9}), IsEmpty());
  EXPECT_THAT(changes.Update({Running(41, 3), Waiting(42)}, kNow, now += seconds{1}),
              ElementsAre("job 41  step 1 of 2  STARTED    00:12  download    3%"));
  EXPECT_THAT(changes.Update({Running(41, 3), Waiting(42)}, kNow, now += seconds{60}), IsEmpty());
  JobRow done = Running(41, 3);
  done.status = "SUCCEEDED";
  done.ended = kNow;
  done.message = "INST-ZIMS {}";
  done.command = "zim-fetch";
  EXPECT_THAT(changes.Update({done, Waiting(42)}, kNow, now),
              ElementsAre("job 41  step 1 of 2  SUCCEEDED  00:12  INST-ZIMS: zim-fetch"));
}

}  // namespace
}  // namespace cmdsrv::ctl
