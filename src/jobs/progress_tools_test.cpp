// What foreign programs print about their progress, on recordings of the real ones over loopback (tests/data/progress).
#include <gmock/gmock.h>

#include <filesystem>
#include <vector>

#include "base/text.hpp"
#include "jobs/progress_tracker.hpp"
#include "jobs/progress_words.hpp"
#include "support/scratch.hpp"

namespace cmdsrv {
namespace {

using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::SizeIs;

const std::string kData = std::string(CMDSRV_TEST_DATA) + "/progress/";

std::string Recording(const std::string& name) {
  std::string text = test::Slurp(kData + name);
  EXPECT_FALSE(text.empty()) << kData << name;
  return text;
}

/// All that a watcher sees who looks after every byte, without repetitions.
std::vector<Progress> Seen(const std::string& text) {
  ProgressTracker tracker;
  std::vector<Progress> seen;
  for (const char c : text) {
    tracker.Add({&c, 1});
    if (tracker.Newest() && (seen.empty() || seen.back() != *tracker.Newest())) seen.push_back(*tracker.Newest());
  }
  return seen;
}

std::vector<std::string> Phases(const std::vector<Progress>& seen) {
  std::vector<std::string> phases;
  for (const Progress& progress : seen) {
    if (phases.empty() || phases.back() != progress.phase) phases.push_back(progress.phase);
  }
  return phases;
}

std::vector<int> Percents(const std::vector<Progress>& seen) {
  std::vector<int> percents;
  for (const Progress& progress : seen) percents.push_back(progress.percent);
  return percents;
}

TEST(ProgressRecordings, WgetDots) {
  const auto seen = Seen(Recording("wget_dot_giga"));
  ASSERT_THAT(seen, SizeIs(5));
  EXPECT_EQ(seen[0], (Progress{"download: big.zim", 33'030'144, 157'286'400, 331 << 20, 0, 21}));
  EXPECT_EQ(seen[4], (Progress{"download: big.zim", 157'286'400, 157'286'400, 389 << 20, 0, 100}));
  EXPECT_THAT(Percents(seen), ElementsAre(21, 42, 64, 85, 100));
}

TEST(ProgressRecordings, WgetThatResumes) {
  const auto seen = Seen(Recording("wget_dot_giga_resumed"));
  EXPECT_THAT(Percents(seen), ElementsAre(42, 64, 85, 100));
  EXPECT_EQ(seen.front().total, 157'286'400) << "of the whole file, not of what was left of it";
  EXPECT_EQ(seen.back().bytes, 157'286'400);
  EXPECT_THAT(Percents(Seen(Recording("wget_dot_mega"))), ElementsAre(34, 69, 100));
}

TEST(ProgressRecordings, WgetBar) {
  const auto seen = Seen(Recording("wget_bar"));
  ASSERT_GE(seen.size(), 10U);
  EXPECT_THAT(Phases(seen), ElementsAre("download: small.zim"));
  EXPECT_EQ(seen[1].percent, 7);
  EXPECT_EQ(seen[1].rate, 3 << 20);
  EXPECT_EQ(seen.back().percent, 100);
  EXPECT_EQ(seen.back().bytes, 9'000'000);
  EXPECT_EQ(seen.back().eta_seconds, 0);
}

TEST(ProgressRecordings, Aria2InBytes) {
  const auto seen = Seen(Recording("aria2_bytes"));
  ASSERT_THAT(seen, SizeIs(3));
  EXPECT_EQ(seen[0], (Progress{"download", 16'384, 9'000'000, 16'367, 548, 0}));
  EXPECT_EQ(seen[2], (Progress{"download", 6'373'376, 9'000'000, 2'106'354, 1, 70}));
}

TEST(ProgressRecordings, Aria2ForPeopleWithSummary) {
  const auto seen = Seen(Recording("aria2_summary"));
  EXPECT_THAT(Phases(seen), ElementsAre("download"));
  EXPECT_EQ(seen.front().bytes, 16 << 10);
  EXPECT_EQ(seen.front().total, 8'912'896);
  EXPECT_EQ(seen.back().percent, 70);
  EXPECT_THAT(Percents(Seen(Recording("aria2_resumed"))), ElementsAre(35, 71));
}

TEST(ProgressRecordings, Aria2ChecksWhatItFetched) {
  const auto seen = Seen(Recording("aria2_check"));
  EXPECT_THAT(Phases(seen), ElementsAre("download", "verify"));
  EXPECT_EQ(seen.back(), (Progress{"verify", 594'722'816, 734'003'200, -1, -1, 81}));
}

TEST(ProgressRecordings, Aria2WithSeveralFilesCountsThemTogether) {
  const auto seen = Seen(Recording("aria2_two_files"));
  ASSERT_GE(seen.size(), 3U);
  EXPECT_EQ(seen[1], (Progress{"download", 3'211'264, 13'500'000, 1'593'786, -1, 23}));
  EXPECT_EQ(seen.back().percent, 92) << "the one that is left";
}

TEST(ProgressRecordings, RsyncOfAllFilesTogether) {
  const auto seen = Seen(Recording("rsync_progress2"));
  EXPECT_THAT(Phases(seen), ElementsAre("copy"));
  EXPECT_EQ(seen[1].bytes, 1'500'000);
  EXPECT_EQ(seen[1].percent, 8);
  EXPECT_EQ(seen[1].rate, static_cast<std::int64_t>(4.57 * (1 << 20)));
  EXPECT_EQ(seen.back().percent, 100);
  EXPECT_EQ(seen.back().bytes, 18'000'000);
  EXPECT_EQ(Seen(Recording("rsync_progress2_human")).back().bytes, 18'000'000);
}

TEST(ProgressRecordings, RsyncFileByFile) {
  const auto seen = Seen(Recording("rsync_P"));
  EXPECT_THAT(Phases(seen), ElementsAre("copy: f1.bin", "copy: f2.bin", "copy: f3.bin", "copy: small.zim"));
  EXPECT_EQ(seen.back().bytes, 9'000'000);
  EXPECT_EQ(seen.back().total, 9'000'000);
}

TEST(ProgressRecordings, RcloneOneLineAndBlocks) {
  for (const char* name : {"rclone_one_line", "rclone_P"}) {
    const auto seen = Seen(Recording(name));
    ASSERT_GE(seen.size(), 4U) << name;
    EXPECT_THAT(Phases(seen), ElementsAre("copy"));
    EXPECT_EQ(seen.back().percent, 100) << name;
    EXPECT_EQ(seen.back().bytes, seen.back().total);
    EXPECT_EQ(seen.back().total / 1000, 8'999) << "8.583 MiB";
    EXPECT_EQ(seen.front().eta_seconds, -1);
  }
  EXPECT_EQ(Seen(Recording("rclone_one_line"))[2].rate, 4'037'017);
}

TEST(ProgressRecordings, AnsibleTellsItsTasks) {
  const auto seen = Seen(Recording("ansible"));
  EXPECT_THAT(Phases(seen),
              ElementsAre("play: localhost", "task: Gathering Facts", "task: Install kiwix-tools under ?root? (1 ok, 0 changed)",
                          "task: Does the service run? (2 ok, 1 changed)", "task: debug (3 ok, 2 changed)",
                          "task: Wait a moment (4 ok, 2 changed)", "task: Skipped here (5 ok, 2 changed)",
                          "play: localhost (5 ok, 2 changed)", "task: Größe messen (5 ok, 2 changed)",
                          "recap (6 ok, 3 changed)"));
  EXPECT_THAT(Percents(seen), Each(-1));
}

TEST(ProgressRecordings, AnyCutGivesTheSame) {
  for (const auto& entry : std::filesystem::directory_iterator(kData)) {
    const std::string text = test::Slurp(entry.path());
    ProgressTracker whole;
    whole.Add(text);
    ASSERT_TRUE(whole.Newest()) << entry.path();
    for (const std::size_t size : {1U, 2U, 3U, 7U, 64U, 1000U}) {
      ProgressTracker cut;
      for (std::size_t at = 0; at < text.size(); at += size) cut.Add(std::string_view(text).substr(at, size));
      EXPECT_EQ(cut.Newest(), whole.Newest()) << entry.path() << " in pieces of " << size;
      EXPECT_EQ(cut.First(), whole.First()) << entry.path() << " in pieces of " << size;
    }
  }
}

/// Wherever the beginning of an output is lost, what is left never tells of more than there was.
TEST(ProgressRecordings, TheEndAloneTellsNothingWrong) {
  for (const auto& entry : std::filesystem::directory_iterator(kData)) {
    const std::string text = test::Slurp(entry.path());
    const auto whole = NewestProgress(text);
    for (std::size_t at = 0; at < text.size(); at += 5) {
      const auto end = NewestProgress(std::string_view(text).substr(at));
      if (!end) continue;
      EXPECT_LE(end->percent, 100) << entry.path() << " from " << at;
      if (end->phase != whole->phase) continue;
      EXPECT_LE(end->bytes, whole->bytes) << entry.path() << " from " << at;
    }
  }
}

TEST(ProgressTracker, OwnLinesAreTheLastWord) {
  ProgressTracker tracker;
  tracker.Add("[#6160b1 5B/10B(50%) CN:1 DL:1B]\n@progress phase=verify bytes=1 total=4\n[#6160b1 9B/10B(90%) CN:1]\n");
  EXPECT_EQ(tracker.Newest(), (Progress{"verify", 1, 4, -1, -1, 25}));
}

TEST(ProgressTracker, AnotherTryBeginsAnew) {
  ProgressTracker tracker;
  tracker.Add("@progress phase=download bytes=9 total=10\n");
  tracker.Add("--- try 2 of this step, 2026-05-01T12:34:56 ---\n");
  EXPECT_FALSE(tracker.Newest());
  tracker.Add("@progress phase=download bytes=2 total=10\n");
  EXPECT_EQ(tracker.Newest()->bytes, 2);
}

TEST(ProgressTracker, ColoursAndLinesWithoutEndAreHarmless) {
  ProgressTracker tracker;
  tracker.Add("\x1b[2K\x1b[32m[#6160b1 5B/10B(50%) CN:1 DL:1B]\x1b[0m\r");
  EXPECT_EQ(tracker.Newest()->bytes, 5);
  tracker.Add("[#6160b1 9B/10B(90%) CN:1" + std::string(10'000'000, 'x') + "]\n");
  EXPECT_EQ(tracker.Newest()->bytes, 5);
  tracker.Add("[#6160b1 7B/10B(70%) CN:1]\n");
  EXPECT_EQ(tracker.Newest()->bytes, 7);
}

TEST(ProgressTracker, TextThatOnlyLooksSimilarIsNone) {
  for (const char* line : {"12K ... and so on",
                           "50%",
                           " 1 2 3 4",
                           "100K",
                           "[#",
                           "[#a]",
                           "[#a b]",
                           "[DL:5B]",
                           "TASK [x]",
                           "TASK ***",
                           " x 5% 1B/s 0:00:01",
                           "Transferred:            1 / 3, 33%",
                           "Transferred: 1 B / 2 B, 50%, 1 B, ETA 1s",
                           "name 50%[abc] 1K 1K/s",
                           "name [] 1K",
                           "--",
                           "--- try",
                           "5 MiB / 6 MiB, 83%, 1 B/s, ETA 1s",
                           "[#a 1B/99999999999999999999999B(1%)]",
                           "NOTICE: 1.5 / 3, 5%"}) {
    EXPECT_FALSE(NewestProgress(std::string(line) + "\n")) << line;
  }
}

TEST(ProgressTracker, HostileNamesBecomePlainText) {
  const std::string name = "TASK [<b onclick=\"x\">&\xff\x07" + std::string(500, 'a') + "] ****\n";
  const auto progress = NewestProgress(name);
  ASSERT_TRUE(progress);
  EXPECT_LE(progress->phase.size(), 80U);
  EXPECT_TRUE(IsUtf8(progress->phase));
  EXPECT_EQ(progress->phase.find_first_of("<>&\"'"), std::string::npos);
  EXPECT_EQ(NewestProgress("TASK [\xf0\x9f\x98\x80] ***\n")->phase, "task: \xf0\x9f\x98\x80");
}

TEST(ProgressWords, Sizes) {
  EXPECT_EQ(ReadSize("1,500,000"), 1'500'000);
  EXPECT_EQ(ReadSize("14.60M"), 15'309'209);
  EXPECT_EQ(ReadSize("1.50M", 1000), 1'500'000);
  EXPECT_EQ(ReadSize("9.2MiB", 1000), 9'646'899);
  EXPECT_EQ(ReadSize("16384B"), 16'384);
  EXPECT_EQ(ReadSize("507.402Ki"), 519'579);
  EXPECT_EQ(ReadRate("0.00kB/s"), 0);
  for (const char* word : {"", "B", "1X", "1iB", "1MiBs", "-1", "1.2.3", ".", "1e5", "99999999999999999999"}) {
    EXPECT_EQ(ReadSize(word), std::nullopt) << word;
  }
  EXPECT_EQ(ReadRate("--.-KB/s"), std::nullopt);
}

TEST(ProgressWords, Durations) {
  EXPECT_EQ(ReadDuration("9m8s"), 548);
  EXPECT_EQ(ReadDuration("1m 3s"), 63);
  EXPECT_EQ(ReadDuration("2d3h"), 183'600);
  EXPECT_EQ(ReadDuration("0.4s"), 0);
  EXPECT_EQ(ReadDuration("0:01:03"), 63);
  for (const char* text : {"", "-", "s", "5", "5x", "1:x", ":", "-1:00"})
    EXPECT_EQ(ReadDuration(text), std::nullopt) << text;
}

TEST(ProgressWords, Percents) {
  EXPECT_EQ(ReadPercent("0%"), 0);
  EXPECT_EQ(ReadPercent("100%"), 100);
  for (const char* word : {"", "%", "101%", "-1%", "5", "0005%", "1.5%"}) EXPECT_EQ(ReadPercent(word), std::nullopt);
}

}  // namespace
}  // namespace cmdsrv
