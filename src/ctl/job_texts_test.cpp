#include "ctl/job_texts.hpp"

#include <gmock/gmock.h>
#include <stdlib.h>

namespace cmdsrv::ctl {
namespace {

using std::chrono::seconds;

const WallTime kNow{seconds{1777636800}};

std::vector<JobRow> SomeJobs() {
  JobRow done{.id = 40,
              .group = 7,
              .step_no = 1,
              .step_count = 2,
              .status = "SUCCEEDED",
              .command = "/usr/libexec/iiab-cmdsrv-step zim-fetch wiki",
              .message = "INST-ZIMS {}",
              .started = kNow - seconds{3700},
              .ended = kNow - seconds{100}};
  JobRow running{.id = 41,
                 .group = 7,
                 .step_no = 2,
                 .step_count = 2,
                 .status = "STARTED",
                 .command = "/usr/libexec/iiab-cmdsrv-step zim-install wiki",
                 .message = "INST-ZIMS {}",
                 .started = kNow - seconds{12},
                 .progress = JobProgress{
                     .phase = "copy", .bytes = 15309210, .total = 29360128, .rate = 3145728, .eta = 4, .percent = 52}};
  JobRow waiting{.id = 42,
                 .group = 8,
                 .status = "SCHEDULED",
                 .command = "rsync src dst",
                 .message = "COPY-ZIMS {}",
                 .reason = "waits for job 41"};
  JobRow failed{.id = 43,
                .group = 9,
                .status = "FAILED",
                .command = "false",
                .message = "TEST-JOB {}",
                .exit = "exit status 1",
                .started = kNow - seconds{1},
                .ended = kNow};
  return {done, running, waiting, failed};
}

TEST(JobTexts, Durations) {
  EXPECT_EQ(DurationText(0), "00:00");
  EXPECT_EQ(DurationText(12), "00:12");
  EXPECT_EQ(DurationText(3599), "59:59");
  EXPECT_EQ(DurationText(3723), "1:02:03");
  EXPECT_EQ(DurationText(2 * 86400 + 3 * 3600 + 240), "2d 03:04");
}

TEST(JobTexts, ProgressLeavesOutWhatIsUnknown) {
  EXPECT_EQ(ProgressText({}), "");
  EXPECT_EQ(ProgressText({.phase = "check"}), "check");
  EXPECT_EQ(ProgressText({.phase = "download", .bytes = 2048}), "download  2.00K");
  EXPECT_EQ(ProgressText({.phase = "download", .bytes = 2048, .total = 4096, .rate = 1024, .eta = 2, .percent = 50}),
            "download   50%  2.00K of 4.00K  1.00K/s  ETA 00:02");
  EXPECT_EQ(ProgressBar({.percent = 0}, 4), "[----]");
  EXPECT_EQ(ProgressBar({.percent = 50}, 4), "[##--]");
  EXPECT_EQ(ProgressBar({.percent = 100}, 4), "[####]");
  EXPECT_EQ(ProgressBar({}, 4), "");
}

TEST(JobTexts, TheWholeTable) {
  EXPECT_EQ(JobTable(SomeJobs(), kNow, 0, false),
            "ID  GROUP  STEP  STATUS     ELAPSED  WHAT                         DETAIL\n"
            "40      7  1/2   SUCCEEDED  1:00:00  INST-ZIMS: zim-fetch wiki\n"
            "41      7  2/2   STARTED      00:12  INST-ZIMS: zim-install wiki  "
            "copy   52%  14.6M of 28.0M  3.00M/s  ETA 00:04\n"
            "42      8  1/1   SCHEDULED        -  COPY-ZIMS: rsync src dst     waits for job 41\n"
            "43      9  1/1   FAILED       00:01  TEST-JOB: false              exit status 1\n");
}

TEST(JobTexts, TheWholeTableInANarrowWindow) {
  EXPECT_EQ(JobTable(SomeJobs(), kNow, 80, false),
            "ID  GROUP  STEP  STATUS     ELAPSED  WHAT                  DETAIL\n"
            "40      7  1/2   SUCCEEDED  1:00:00  INST-ZIMS: zim-fetc…\n"
            "41      7  2/2   STARTED      00:12  INST-ZIMS: zim-inst…  copy   52%  14.6M of…\n"
            "42      8  1/1   SCHEDULED        -  COPY-ZIMS: rsync sr…  waits for job 41\n"
            "43      9  1/1   FAILED       00:01  TEST-JOB: false       exit status 1\n");
}

TEST(JobTexts, DetailShowsTheGroupAndTheOutput) {
  setenv("TZ", "UTC", 1);
  tzset();
  auto jobs = SomeJobs();
  jobs.resize(2);
  jobs[0].output = "line 1\nline 2\n";
  EXPECT_EQ(JobDetail(jobs[0], {jobs[1], jobs[0]}, kNow, 0, false),
            "job       40, step 1 of 2 of group 7\n"
            "Command   INST-ZIMS {}\n"
            "program   /usr/libexec/iiab-cmdsrv-step zim-fetch wiki\n"
            "status    SUCCEEDED\n"
            "started   2026-05-01T10:58:20.000+00:00\n"
            "ended     2026-05-01T11:58:20.000+00:00\n"
            "elapsed   1:00:00\n"
            "\n"
            "All jobs of this Command:\n"
            "  ID  GROUP  STEP  STATUS     ELAPSED  WHAT                         DETAIL\n"
            "  40      7  1/2   SUCCEEDED  1:00:00  INST-ZIMS: zim-fetch wiki\n"
            "  41      7  2/2   STARTED      00:12  INST-ZIMS: zim-install wiki  "
            "copy   52%  14.6M of 28.0M  3.00M/s  ETA 00:04\n"
            "\n"
            "Output:\n"
            "  line 1\n"
            "  line 2\n");
}

TEST(JobTexts, AReasonIsShownWithItsCode) {
  const JobRow row{.id = 43, .status = "SCHEDULED", .reason = "Waiting for a place", .reason_code = "slot"};
  EXPECT_NE(JobDetail(row, {row}, kNow, 0, false).find("\nreason    Waiting for a place (slot)\n"), std::string::npos);
}

TEST(JobTexts, AFailureShowsItsReasonAndItsLastLines) {
  JobRow row{.id = 43, .status = "FAILED", .reason = "cannot copy: no space left on device", .exit = "exit status 3"};
  for (int i = 1; i <= 12; ++i) row.output += "line " + std::to_string(i) + "\n";
  const std::string text = FailureText(row);
  EXPECT_TRUE(text.starts_with("job 43 (step 1 of 1) FAILED: cannot copy: no space left on device\n  | line 3\n"))
      << text;
  EXPECT_TRUE(text.ends_with("  | line 12\n")) << text;
}

TEST(JobTexts, CountsInTheOrderOfALife) {
  EXPECT_EQ(CountText(SomeJobs()), "1 SUCCEEDED, 1 FAILED, 1 STARTED, 1 SCHEDULED");
  EXPECT_EQ(CountText({}), "");
}

}  // namespace
}  // namespace cmdsrv::ctl
