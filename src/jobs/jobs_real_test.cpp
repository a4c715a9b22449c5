// The Minder with the real database, real shims and real steps.
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <fstream>

#include "jobs/shim_runner.hpp"
#include "support/real_minder.hpp"

namespace cmdsrv {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;
using testing::Pair;
using testing::StartsWith;

class RealJobs : public test::RealMinder {
 protected:
  void SetUp() override { Boot(); }
};

TEST_F(RealJobs, AChainOfThreeRunsInOrder) {
  const auto ids = Submit(Chain({"echo one | tee -a log", "echo two | tee -a log", "echo three | tee -a log"}));
  ASSERT_TRUE(WaitForEnd(ids));
  EXPECT_EQ(test::Slurp(scratch / "log"), "one\ntwo\nthree\n");
  const JobView last = View(ids[2]);
  EXPECT_EQ(last.status, JobStatus::Succeeded);
  EXPECT_EQ(last.output, "three\n");
  EXPECT_EQ(last.exit, "exit status 0");
  EXPECT_EQ(last.step_no, 3);
  EXPECT_EQ(last.step_count, 3);
  EXPECT_GE(*last.started, *View(ids[1]).ended - 1ms);  // the record counts in milliseconds
  for (const JobId id : ids) EXPECT_THAT(store->Ends(), Contains(Pair(id, 1)));
  EXPECT_FALSE(std::filesystem::exists(options.state_directory + "/runs/job-1.run"));
}

TEST_F(RealJobs, AFailingStepCancelsWhatDependsOnIt) {
  const auto ids = Submit(Chain({"echo trouble; exit 7", "touch never", "touch never"}));
  ASSERT_TRUE(WaitForEnd(ids));
  EXPECT_EQ(View(ids[0]).status, JobStatus::Failed);
  EXPECT_EQ(View(ids[0]).output, "trouble\n");
  EXPECT_EQ(View(ids[0]).reason, "exit status 7");
  EXPECT_EQ(View(ids[2]).status, JobStatus::Cancelled);
  EXPECT_EQ(View(ids[2]).output, "Cancelled because job 1 failed (step 1)");
  EXPECT_FALSE(std::filesystem::exists(scratch / "never"));
}

TEST_F(RealJobs, WhatARunningStepPrintsIsNewsAndTheLogHasItByThen) {
  std::uint64_t seq = Jobs().Changes({}).seq;
  const JobId id =
      Submit(Chain({"echo '@progress phase=copy percent=40'; echo hello; until [ -e go ]; do sleep 0.02; done"})).at(0);
  std::optional<JobChange> news;
  ASSERT_TRUE(test::Eventually([&] {
    JobChanges changes = Jobs().Changes(seq);
    seq = changes.seq;
    for (JobChange& change : changes.changes) {
      if (change.output_bytes >= 37) news = std::move(change);
    }
    return news.has_value();
  }));
  EXPECT_EQ(news->id, id);
  ASSERT_TRUE(news->progress);
  EXPECT_EQ(news->progress->percent, 40);
  EXPECT_THAT(Jobs().ReadLog(id, 0, 1000)->piece.text, HasSubstr("hello"));
  std::ofstream(scratch / "go").put('x');
  ASSERT_TRUE(WaitForEnd({id}));
}

TEST_F(RealJobs, ProgressOfAForeignProgramIsShownAndNeverGoesBack) {
  const JobId id = Submit(Chain({"printf '\\r        2000000 40%%    4.00MB/s    0:00:02\\r';"
                                 " printf '        2500000 50%%    4.00MB/s    0:00:01\\r'; touch there;"
                                 " until [ -e go ]; do sleep 0.02; done;"
                                 " printf '        1000000 20%%    1.00MB/s    0:00:01\\r'; touch more; sleep 1000"}))
                       .at(0);
  const auto percent = [&] { return View(id).progress ? View(id).progress->percent : -1; };
  ASSERT_TRUE(WaitForFile("there"));
  ASSERT_TRUE(test::Eventually([&] { return percent() == 50; }));
  EXPECT_EQ(View(id).progress->bytes, 2'500'000);
  EXPECT_EQ(View(id).progress->phase, "copy");
  Boot();  // another daemon
  EXPECT_EQ(percent(), 50);
  std::ofstream(scratch / "go").put('x');
  ASSERT_TRUE(WaitForFile("more"));
  ASSERT_TRUE(test::Eventually([&] { return View(id).progress->rate == 1 << 20; }));
  EXPECT_EQ(percent(), 50);
}

TEST_F(RealJobs, TriesOfAStepShareOneLogAndTheLineBetweenThem) {
  options.retry.first = 20ms;
  Boot();
  JobPlan plan = Chain({"if test -e tried; then echo good; else touch tried; printf 'not now'; exit 75; fi"});
  plan.steps[0].retry = RetryPolicy::Temporary;
  const JobId id = Submit(plan).at(0);
  ASSERT_TRUE(WaitForEnd({id}));
  EXPECT_EQ(View(id).status, JobStatus::Succeeded);
  const std::string log = Jobs().ReadLog(id, 0, 1000)->piece.text;
  EXPECT_THAT(log, testing::MatchesRegex("not now\n--- try 2 of this step, 20[^\n]* ---\ngood\n"));
  EXPECT_EQ(View(id).output, log);
}

TEST_F(RealJobs, TheLogOfTriesStaysWithinItsBoundAndKeepsTheEnd) {
  options.retry.first = 10ms;
  Boot();
  JobPlan plan =
      Chain({"echo x >> tries; head -c 3000000 /dev/zero | tr '\\0' 'a'; echo; echo end of try $(wc -l < tries);"
             " test $(wc -l < tries) -gt 4 || exit 75"});
  plan.steps[0].retry = RetryPolicy::Temporary;
  const JobId id = Submit(plan).at(0);
  ASSERT_TRUE(WaitForEnd({id}));
  EXPECT_EQ(View(id).status, JobStatus::Succeeded);
  EXPECT_THAT(View(id).output, testing::EndsWith("end of try 5\n"));
  const auto piece = Jobs().ReadLog(id, 0, 10)->piece;
  EXPECT_GT(piece.total, 15'000'000U);
  EXPECT_EQ(piece.text, "aaaaaaaaaa") << "the beginning of the first try";
  EXPECT_LE(std::filesystem::file_size(options.output_directory + "/job-1.out"), 8U << 20U);
}

TEST_F(RealJobs, MissingProgramsAndDirectoriesAreFailuresWithASentence) {
  JobPlan plan;
  plan.steps.push_back({.argv = {"/no/such/program"}, .display = {}, .after = {}, .locks = {}});
  JobPlan nowhere = Chain({"true"});
  nowhere.cwd = "/no/such/directory";
  const JobId program = Submit(plan).at(0);
  const JobId directory = Submit(nowhere).at(0);
  ASSERT_TRUE(WaitForEnd({program, directory}));
  EXPECT_EQ(View(program).output, "cannot start /no/such/program: exec: no such file or directory");
  EXPECT_EQ(View(directory).output, "cannot start /bin/sh: directory: no such file or directory");
  EXPECT_EQ(View(directory).status, JobStatus::Failed);
}

TEST_F(RealJobs, OutputCanBeReadWhileItRunsAndAfterwards) {
  const auto id = Submit(Chain({"echo hello; echo '@progress phase=copy bytes=512 total=1024'; touch shown; "
                                "while [ ! -e go ]; do sleep 0.01; done; echo bye"}))
                      .at(0);
  ASSERT_TRUE(WaitForFile("shown"));
  ASSERT_TRUE(test::Eventually([&] { return View(id).progress.has_value(); }));
  EXPECT_EQ(View(id).output, "hello\ncopy: 512 of 1.00K (50%)");
  EXPECT_EQ(View(id).progress->percent, 50);
  const auto early = Jobs().ReadLog(id, 0, 5).value();
  EXPECT_EQ(early.piece.text, "hello");
  EXPECT_FALSE(early.ended);
  test::Spit(scratch / "go", "");
  ASSERT_TRUE(WaitForEnd({id}));
  EXPECT_EQ(View(id).output, "hello\nbye\n");
  const auto late = Jobs().ReadLog(id, early.piece.next_offset, 1000).value();
  EXPECT_THAT(late.piece.text, StartsWith("\n@progress phase=copy"));
  EXPECT_TRUE(late.ended);
}

TEST_F(RealJobs, OnlyTheLastTenLinesAreKeptUnlessAllAreWanted) {
  JobPlan full = Chain({"seq 1 200000"});
  full.full_log = true;
  const JobId whole = Submit(full).at(0);
  const JobId tail = Submit(Chain({"seq 1 200000"})).at(0);
  ASSERT_TRUE(WaitForEnd({whole, tail}));
  EXPECT_EQ(View(tail).output, "199991\n199992\n199993\n199994\n199995\n199996\n199997\n199998\n199999\n200000\n");
  const std::string output = View(whole).output;
  EXPECT_LE(output.size(), options.output_column_bytes);
  EXPECT_GT(output.size(), options.output_column_bytes - 100);
  EXPECT_THAT(output, StartsWith("["));
  EXPECT_TRUE(output.ends_with("200000\n"));
}

TEST_F(RealJobs, CancelEndsGrandchildrenThatDoNotListen) {
  Halt();
  options.cancel_grace = 100ms;
  Boot();
  const std::string stubborn =
      "trap '' INT TERM; (trap '' INT TERM; setsid sleep 1000) & sleep 1000 & touch there; wait; sleep 1000";
  const auto ids = Submit(Chain({stubborn, "touch never"}));
  ASSERT_TRUE(WaitForFile("there"));
  EXPECT_EQ(Jobs().Cancel(ids[1]).value(), CancelAnswer::WasScheduled);
  ASSERT_TRUE(WaitForEnd(ids));
  EXPECT_TRUE(test::ProcessesWithEnvironment(mark).empty()) << "CANCELLED means that nothing is left";
  EXPECT_EQ(View(ids[0]).status, JobStatus::Cancelled);
  EXPECT_EQ(View(ids[0]).exit, "ended by signal 9 (Killed)");
  EXPECT_EQ(View(ids[1]).status, JobStatus::Cancelled);
  EXPECT_TRUE(Jobs().Cancel(ids[0])) << "it has just gone with its chain";
  EXPECT_EQ(Jobs().Cancel(JobId{99}).error().code, ErrorCode::NotFound);
}

TEST_F(RealJobs, AStepOutlivesTheDaemonAndIsNotRunTwice) {
  const auto ids =
      Submit(Chain({"echo begun >>log; while [ ! -e go ]; do sleep 0.01; done; echo done >>log", "echo after >>log"}));
  ASSERT_TRUE(WaitForFile("log"));
  Boot();
  EXPECT_EQ(View(ids[0]).status, JobStatus::Started);
  EXPECT_TRUE(Jobs().Active().active);
  test::Spit(scratch / "go", "");
  ASSERT_TRUE(WaitForEnd(ids));
  EXPECT_EQ(test::Slurp(scratch / "log"), "begun\ndone\nafter\n");
  EXPECT_EQ(View(ids[0]).status, JobStatus::Succeeded);
  EXPECT_THAT(store->Ends(), Contains(Pair(ids[0], 1)));
}

TEST_F(RealJobs, AnEndThatNobodySawIsRecorded) {
  const auto ids =
      Submit(Chain({"echo begun >>log; while [ ! -e go ]; do sleep 0.01; done; echo bye; exit 5", "touch never"}));
  ASSERT_TRUE(WaitForFile("log"));
  Halt();
  test::Spit(scratch / "go", "");
  ASSERT_TRUE(test::Eventually([&] { return test::ProcessesWithEnvironment(mark).empty(); }));
  Boot();
  ASSERT_TRUE(WaitForEnd(ids));
  EXPECT_EQ(View(ids[0]).status, JobStatus::Failed);
  EXPECT_EQ(View(ids[0]).output, "bye\n");
  EXPECT_EQ(LinesOf("log"), 1U);
}

TEST_F(RealJobs, StoppingWithTheJobsInterruptsThemAndTheNextStartRepeatsThem) {
  const JobId id =
      Submit(Chain({"echo begun >>log; if [ -e again ]; then exit 0; fi; touch again; exec sleep 1000"})).at(0);
  ASSERT_TRUE(WaitForFile("again"));
  minder->Stop(true);
  EXPECT_TRUE(test::ProcessesWithEnvironment(mark).empty());
  EXPECT_EQ(store->Find(id)->status, "STARTED");
  Boot();
  ASSERT_TRUE(WaitForEnd({id}));
  EXPECT_EQ(View(id).status, JobStatus::Succeeded);
  EXPECT_EQ(LinesOf("log"), 2U);
}

TEST_F(RealJobs, WhenTheShimIsKilledItsWholeSessionEndsBeforeAnythingElse) {
  JobPlan plan = Chain({"sleep 1000 & (setsid sleep 1001) & touch there; wait", "true"});
  plan.steps[0].restartable = false;
  const auto ids = Submit(plan);
  ASSERT_TRUE(WaitForFile("there"));
  kill(static_cast<pid_t>(store->Find(ids[0])->pid), SIGKILL);
  ASSERT_TRUE(WaitForEnd(ids));
  EXPECT_TRUE(test::ProcessesWithEnvironment(mark).empty());
  EXPECT_EQ(View(ids[0]).status, JobStatus::Failed);
  EXPECT_THAT(View(ids[0]).output, HasSubstr("its supervisor was killed"));
  EXPECT_EQ(View(ids[1]).status, JobStatus::Cancelled);
}

TEST_F(RealJobs, LimitsAndLocksHoldUnderLoad) {
  Halt();
  options.max_running = 3;
  Boot();
  // Each step notes how many are there at the same time, and whether its lock is really its own.
  const std::string counted = "mkdir running/$$; ls running | wc -l >>counts; rmdir running/$$";
  const std::string locked = "mkdir lock || echo broken >>broken; rmdir lock";
  std::filesystem::create_directory(scratch / "running");
  std::vector<JobId> all;
  for (int i = 0; i < 20; ++i) {
    JobPlan plan;
    plan.steps = {Shell(counted), Shell(locked), Shell(counted)};
    plan.steps[1].locks = {"lock"};
    for (const JobId id : Submit(plan)) all.push_back(id);
  }
  ASSERT_TRUE(WaitForEnd(all));
  for (const JobId id : all) EXPECT_EQ(View(id).status, JobStatus::Succeeded) << View(id).output;
  EXPECT_FALSE(std::filesystem::exists(scratch / "broken"));
  EXPECT_EQ(LinesOf("counts"), 40U);
  std::ifstream counts(scratch / "counts");
  int most = 0;
  for (int count = 0; counts >> count;) most = std::max(most, count);
  EXPECT_LE(most, 3);
}

TEST_F(RealJobs, ManyClientsAtOnce) {
  std::vector<std::thread> clients;
  std::mutex mutex;
  std::vector<JobId> all;
  for (int client = 0; client < 4; ++client) {
    clients.emplace_back([&, client] {
      for (int i = 0; i < 10; ++i) {
        const auto ids =
            Submit(Chain({"exit 0", "exit 0"}), "client " + std::to_string(client) + " " + std::to_string(i));
        if (i % 3 == 0) (void)Jobs().Cancel(ids[1]);
        (void)Jobs().List({});
        (void)Jobs().Unfinished();
        const std::lock_guard lock(mutex);
        all.insert(all.end(), ids.begin(), ids.end());
      }
    });
  }
  for (std::thread& client : clients) client.join();
  ASSERT_TRUE(WaitForEnd(all));
  for (const auto& [id, count] : store->Ends()) EXPECT_EQ(count, 1) << "job " << id.value;
  EXPECT_EQ(store->Ends().size(), all.size());
  EXPECT_TRUE(Jobs().Reserve("client 0 0"));
}

TEST_F(RealJobs, AnIdleMinderAndEndedJobsLeaveNothingOpen) {
  const auto count = [] { return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}); };
  ASSERT_TRUE(WaitForEnd(Submit(Chain({"true"}))));
  const auto before = count();
  ASSERT_TRUE(WaitForEnd(Submit(Chain({"true", "true", "false"}))));
  EXPECT_TRUE(test::Eventually([&] { return count() <= before; }, 5s)) << count() << " instead of " << before;
}

/// A daemon in a process of its own that is killed at a moment when a step runs.
class KilledDaemon : public test::RealMinder {
 protected:
  /// Returns when the step of `script` has made the file "there".
  void RunUntilThereAndKill(const std::string& script) {
    const pid_t daemon = fork();
    ASSERT_GE(daemon, 0);
    if (daemon == 0) {
      Boot();
      Submit(Chain({script, "echo after >>log"}));
      for (;;) pause();
    }
    EXPECT_TRUE(WaitForFile("there"));
    kill(daemon, SIGKILL);
    waitpid(daemon, nullptr, 0);
  }
};

TEST_F(KilledDaemon, TheNextOneAdoptsTheStep) {
  RunUntilThereAndKill("echo begun >>log; touch there; while [ ! -e go ]; do sleep 0.01; done");
  Boot();
  EXPECT_EQ(View(JobId{1}).status, JobStatus::Started);
  test::Spit(scratch / "go", "");
  ASSERT_TRUE(WaitForEnd({JobId{1}, JobId{2}}));
  EXPECT_EQ(test::Slurp(scratch / "log"), "begun\nafter\n");
  EXPECT_EQ(View(JobId{2}).status, JobStatus::Succeeded);
}

TEST_F(KilledDaemon, TheNextOneCanCancelTheStep) {
  RunUntilThereAndKill("echo begun >>log; touch there; exec sleep 1000");
  Boot();
  EXPECT_EQ(Jobs().Cancel(JobId{1}).value(), CancelAnswer::WasRunning);
  ASSERT_TRUE(WaitForEnd({JobId{1}, JobId{2}}));
  EXPECT_EQ(View(JobId{1}).status, JobStatus::Cancelled);
  EXPECT_TRUE(test::ProcessesWithEnvironment(mark).empty());
}

TEST_F(KilledDaemon, WhenTheShimDiesTooNothingOfTheOldRunIsLeftBeforeTheNew) {
  Halt();
  options.interruption_pause = 0ms;
  RunUntilThereAndKill(
      "if [ -e old ]; then grep -q . /proc/$(cat old)/cmdline && echo doubled >>log; exit 0; fi; "
      "sleep 1000 & echo $! >old; touch there; wait");
  for (const int pid : test::ProcessesWithEnvironment(mark)) {
    if (test::Slurp("/proc/" + std::to_string(pid) + "/comm").starts_with("shim-job")) kill(pid, SIGKILL);
  }
  Boot();
  ASSERT_TRUE(WaitForEnd({JobId{2}}));
  EXPECT_EQ(View(JobId{1}).status, JobStatus::Succeeded);
  EXPECT_EQ(test::Slurp(scratch / "log"), "after\n");
}

}  // namespace
}  // namespace cmdsrv
