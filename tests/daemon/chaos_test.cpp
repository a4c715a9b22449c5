// 300 Commands of nasty steps while the daemon and its shims are killed: all accounted for, each ended once, nothing
// run twice at once, nothing left running, the disk not filled.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include "daemon/chaos_box.hpp"
#include "support/ask.hpp"
#include "support/files.hpp"

namespace cmdsrv::test {
namespace {

constexpr int kCommands = 300;
constexpr int kPlaces = 12;
constexpr int kDaemonKills = 12;
constexpr int kShimKills = 15;
constexpr std::uint64_t kOutputsAtMost = 256U << 20U;  // of ended jobs; each running one has 8 MiB at most

bool IsFinalName(const std::string& status) {
  return status == "SUCCEEDED" || status == "FAILED" || status == "CANCELLED";
}

std::uint64_t BytesUnder(const std::string& directory) {
  std::uint64_t bytes = 0;
  std::error_code gone;  // files come and go meanwhile
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory, gone)) {
    const auto size = std::filesystem::file_size(entry.path(), gone);
    if (!gone) bytes += size;
  }
  return bytes;
}

class Chaos : public testing::Test {
 protected:
  int Below(int bound) {
    const std::lock_guard lock(mutex_);
    return std::uniform_int_distribution<int>(0, bound - 1)(random_);
  }

  Kind RandomKind() {
    const int number = Below(100);
    if (number < 52) return Kind::Well;
    if (number < 62) return Kind::Fails;
    if (number < 76) return Kind::LeavesChild;
    if (number < 86) return Kind::ClosesOutput;
    if (number < 92) return Kind::Crashes;
    return Kind::Brood;
  }

  std::string RandomCommand(int number) {
    std::string steps;
    const int count = 1 + Below(4);
    for (int i = 0; i < count; ++i) {
      Kind kind = RandomKind();
      if (number % 75 == 10) kind = Kind::Stubborn;
      if (number % 50 == 20 && i == 0) kind = Kind::Prints;
      steps += (i == 0 ? "" : ", ") + ChaosBox::StepText(kind, Below(30), number);
    }
    return "TEST-JOB {\"steps\": [" + steps + "]}";
  }

  /// Submits until it is heard that it is scheduled; a server that is killed just then may have taken it all the same,
  /// and says that it is active when it is asked again.
  void SubmitAll() {
    for (int number = 0; number < kCommands; ++number) {
      const std::string command = RandomCommand(number);
      for (int tries = 0; tries < 100; ++tries) {
        const auto reply = AskText(chaos_.Box().Socket(), command, milliseconds(1000));
        if (!reply) continue;
        const bool scheduled = reply->find("Scheduled") != std::string::npos;
        const std::lock_guard lock(mutex_);
        if (scheduled) promised_.insert(std::stol(reply->substr(reply->find_first_of("0123456789"))));
        // A duplicate: the reply was lost, the Command was not.
        EXPECT_TRUE(scheduled || reply->find("duplicates an Active Command") != std::string::npos) << *reply;
        ++sent_;
        break;
      }
    }
  }

  void KillAShim() {
    auto shims = chaos_.Box().Processes();
    std::erase_if(shims, [](const ProcessFacts& process) {
      return process.command.substr(0, process.command.find(' ')).find("iiab-cmdsrv-shim") == std::string::npos;
    });
    if (shims.empty()) return;
    kill(shims[static_cast<std::size_t>(Below(static_cast<int>(shims.size())))].pid, SIGKILL);
    ++shims_killed_;
  }

  /// Every job that has begun to be stubborn.
  void CancelTheStubborn() {
    for (const ChaosBox::Note& note : chaos_.Notes()) {
      if (note.what != "stubborn" || !cancelled_.insert(note.job).second) continue;
      const auto reply =
          AskText(chaos_.Box().Socket(), fmt::format(R"(CANCEL-JOB {{"job_id": {}}})", note.job), milliseconds(2000));
      if (!reply) cancelled_.erase(note.job);
    }
  }

  void NoteDiskUse() { most_bytes_ = std::max(most_bytes_, BytesUnder(chaos_.StateDirectory())); }

  void CheckEnds(const std::map<long, ChaosBox::Row>& rows) {
    std::map<long, std::vector<std::string>> notes;
    for (const ChaosBox::Note& note : chaos_.Notes()) notes[note.job].push_back(note.what);
    for (const auto& [id, row] : rows) {
      EXPECT_TRUE(IsFinalName(row.status)) << "job " << id << " is " << row.status;
      const auto& happened = notes[id];
      EXPECT_EQ(std::ranges::count(happened, "doubled"), 0) << "job " << id << " ran twice at once";
      EXPECT_TRUE(row.status != "SUCCEEDED" || (!happened.empty() && happened.back() == "end")) << "job " << id;
      if (row.after <= 0) continue;
      ASSERT_TRUE(rows.contains(row.after)) << "job " << id;
      const std::string& before = rows.at(row.after).status;
      if (before == "SUCCEEDED") continue;
      EXPECT_EQ(row.status, "CANCELLED") << "job " << id << " after one that " << before;
      EXPECT_TRUE(happened.empty()) << "job " << id;
    }
    for (const long id : promised_) EXPECT_TRUE(rows.contains(id)) << "job " << id << " was promised and is lost";
  }

  /// "job 12 of TEST-JOB (step 1 of 2) SUCCEEDED" in the logs of all lives.
  void CheckThatEachEndedOnce(const std::map<long, ChaosBox::Row>& rows) {
    std::map<long, int> ends;
    for (const std::string& name : NamesIn(chaos_.Box().Path("/var/log"))) {
      std::istringstream log(ReadText(chaos_.Box().Path("/var/log/" + name)).value_or(""));
      for (std::string line; std::getline(log, line);) {
        const auto at = line.find("job ");
        const auto close = line.find(") ");
        if (at == std::string::npos || close == std::string::npos || line.find("(step ") == std::string::npos) continue;
        const std::string word = line.substr(close + 2, line.find_first_of(":\n", close + 2) - close - 2);
        if (IsFinalName(word)) ++ends[std::stol(line.substr(at + 4))];
      }
    }
    std::size_t told = 0;
    for (const auto& [id, count] : ends) {
      EXPECT_EQ(count, 1) << "job " << id << " ended more than once";
      told += rows.contains(id) ? 1U : 0U;
    }
    // A daemon that is killed between the commit and the log line says nothing.
    EXPECT_GE(told + kDaemonKills * kPlaces, rows.size());
  }

  ChaosBox chaos_{kPlaces};
  std::mutex mutex_;
  const unsigned seed_ = std::random_device{}();
  std::mt19937 random_{seed_};
  std::set<long> promised_;
  std::set<long> cancelled_;
  std::atomic<int> sent_{0};
  int shims_killed_ = 0;
  std::uint64_t most_bytes_ = 0;
};

TEST_F(Chaos, LosesDoublesAndLeavesNothing) {
  SCOPED_TRACE(fmt::format("seed {}", seed_));
  const auto began = std::chrono::steady_clock::now();
  Daemon daemon = chaos_.Start();
  std::thread client([this] { SubmitAll(); });
  // Something is killed whenever so many more Commands have been taken, so that the kills meet the work.
  int daemons_killed = 0;
  (void)WaitUntil(
      [&] {
        if (sent_ * kShimKills >= shims_killed_ * kCommands) KillAShim();
        if (sent_ * kDaemonKills >= (daemons_killed + 1) * kCommands) {
          daemon.Kill9();
          ++daemons_killed;
          const auto restarted = daemon.Restart();
          EXPECT_TRUE(restarted) << restarted.error().message;
        }
        CancelTheStubborn();
        NoteDiskUse();
        return sent_ == kCommands;
      },
      seconds(60));
  client.join();
  ASSERT_EQ(sent_, kCommands);
  ASSERT_TRUE(WaitUntil(
      [&] {
        CancelTheStubborn();
        NoteDiskUse();
        return chaos_.Unfinished() == 0;
      },
      seconds(120)))
      << chaos_.Unfinished() << " jobs are not finished";

  const auto left = chaos_.Box().Processes();
  ASSERT_EQ(left.size(), 1U) << "only the daemon may be left:\n" << Describe(left);
  const auto ended = daemon.Terminate();
  ASSERT_TRUE(ended && ended->exited && ended->status == 0);
  const auto rows = chaos_.Rows();
  CheckEnds(rows);
  CheckThatEachEndedOnce(rows);
  EXPECT_LT(most_bytes_, kOutputsAtMost + kPlaces * (9U << 20U));
  for (const std::string& name : NamesIn(chaos_.StateDirectory() + "/runs")) ADD_FAILURE() << name << " is left";

  std::map<std::string, int> counts;
  for (const auto& [id, row] : rows) ++counts[row.status];
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  fmt::print(
      "{} jobs of {} Commands in {:.1f} s: {} SUCCEEDED, {} FAILED, {} CANCELLED; {} daemons and {} shims killed; "
      "at most {} MiB of state\n",
      rows.size(), kCommands, took.count(), counts["SUCCEEDED"], counts["FAILED"], counts["CANCELLED"], daemons_killed,
      shims_killed_, most_bytes_ >> 20U);
  EXPECT_GT(counts["SUCCEEDED"], kCommands / 2);
}

/// A step that must be killed takes ten seconds to end. Nobody else may notice.
TEST_F(Chaos, AStubbornCancelHoldsUpNobody) {
  Daemon daemon = chaos_.Start();
  const std::string stubborn =
      fmt::format(R"(TEST-JOB {{"steps": [{}, 0]}})", ChaosBox::StepText(Kind::Stubborn, 0, 1));
  ASSERT_TRUE(AskText(daemon.Socket(), stubborn));
  ASSERT_TRUE(WaitUntil([&] { return chaos_.Notes().size() == 2; }, seconds(10)));
  ASSERT_TRUE(AskText(daemon.Socket(), R"(CANCEL-JOB {"job_id": 1})"));

  std::vector<long long> latencies;
  int number = 10;
  const bool ended = WaitUntil(
      [&] {
        const auto asked = std::chrono::steady_clock::now().time_since_epoch();
        const auto reply = AskText(
            daemon.Socket(), fmt::format(R"(TEST-JOB {{"steps": [{}]}})", ChaosBox::StepText(Kind::Well, 0, ++number)));
        EXPECT_TRUE(reply) << reply.error().message;
        const long job = number - 8;  // 1 and 2 are the stubborn Command's
        long long at = 0;
        EXPECT_TRUE(WaitUntil(
            [&] {
              for (const ChaosBox::Note& note : chaos_.Notes()) {
                if (note.job == job && note.what == "begin") at = note.ms;
              }
              return at != 0;
            },
            seconds(10)));
        latencies.push_back(at - std::chrono::duration_cast<milliseconds>(asked).count());
        return chaos_.Rows().at(1).status == "CANCELLED";
      },
      seconds(40));
  ASSERT_TRUE(ended);
  std::ranges::sort(latencies);
  fmt::print("{} jobs began while one was being cancelled: after {} ms (median), {} ms (longest)\n", latencies.size(),
             latencies[latencies.size() / 2], latencies.back());
  EXPECT_GT(latencies.size(), 5U) << "the cancel takes ten seconds";
  EXPECT_LT(latencies.back(), Patiently(milliseconds(4000)).count()) << "a grace is five seconds";
  EXPECT_TRUE(WaitUntil([&] { return chaos_.Unfinished() == 0; }, seconds(20)));
  EXPECT_EQ(chaos_.Rows().at(2).status, "CANCELLED");
  const auto left = chaos_.Box().Processes();
  EXPECT_EQ(left.size(), 1U) << "only the daemon may be left:\n" << Describe(left);
}

}  // namespace
}  // namespace cmdsrv::test
