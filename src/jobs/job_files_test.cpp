#include "jobs/job_files.hpp"

#include <gtest/gtest.h>

#include <set>

#include "support/scratch.hpp"

namespace cmdsrv {
namespace {

class JobFiles : public testing::Test {
 protected:
  JobFiles() : paths_{scratch_ / "state", scratch_ / "out"} {
    std::filesystem::create_directories(paths_.Runs());
    std::filesystem::create_directories(paths_.output_directory);
  }
  void Make(const std::string& path, std::size_t bytes) { test::Spit(path, std::string(bytes, 'x')); }
  bool Exists(const std::string& path) { return std::filesystem::exists(path); }

  test::ScratchDirectory scratch_;
  JobPaths paths_;
};

TEST_F(JobFiles, NamesAreReadBackAndOthersAreNot) {
  EXPECT_EQ(JobOfFile("job-12.out", ".out"), JobId{12});
  for (const char* other :
       {"job-12.run", "job-.out", "job--1.out", "job-0.out", "job-1x.out", "Job-1.out", ".out", "job-1.out.tmp"}) {
    EXPECT_FALSE(JobOfFile(other, ".out")) << other;
  }
}

TEST_F(JobFiles, TheOldestOutputsMakeRoom) {
  OutputKeeper keeper(paths_, 250);
  Make(paths_.Output(JobId{1}), 100);
  Make(paths_.Output(JobId{2}), 100);
  ASSERT_TRUE(keeper.Begin([](JobId) { return false; }));
  Make(paths_.Output(JobId{9}), 100);
  keeper.Add(JobId{9});
  EXPECT_FALSE(Exists(paths_.Output(JobId{1})));
  EXPECT_TRUE(Exists(paths_.Output(JobId{2})));
  keeper.Remove(JobId{2});
  EXPECT_FALSE(Exists(paths_.Output(JobId{2})));
  Make(paths_.Output(JobId{10}), 150);
  keeper.Add(JobId{10});
  EXPECT_TRUE(Exists(paths_.Output(JobId{9}))) << "removed ones no longer count";
}

TEST_F(JobFiles, OldOutputsGoByThemselves) {
  OutputKeeper keeper(paths_, 1000);
  Make(paths_.Output(JobId{1}), 10);
  std::filesystem::last_write_time(paths_.Output(JobId{1}),
                                   std::filesystem::file_time_type::clock::now() - std::chrono::hours(48));
  Make(paths_.Output(JobId{2}), 10);
  Make(paths_.Output(JobId{3}), 10);
  std::filesystem::last_write_time(paths_.Output(JobId{3}),
                                   std::filesystem::file_time_type::clock::now() - std::chrono::hours(48));
  ASSERT_TRUE(keeper.Begin([](JobId id) { return id == JobId{3}; }));
  keeper.RemoveOlderThan(Clock().Wall() - std::chrono::hours(24));
  EXPECT_FALSE(Exists(paths_.Output(JobId{1})));
  EXPECT_TRUE(Exists(paths_.Output(JobId{2})));
  EXPECT_TRUE(Exists(paths_.Output(JobId{3}))) << "of a job that has not ended";
  keeper.Add(JobId{3});
  keeper.RemoveOlderThan(Clock().Wall() - std::chrono::hours(24));
  EXPECT_TRUE(Exists(paths_.Output(JobId{3}))) << "it was written after job 2, whatever the clock said";
}

TEST_F(JobFiles, FilesOfUnfinishedJobsAndOfOthersStay) {
  OutputKeeper keeper(paths_, 0);
  for (const JobId id : {JobId{1}, JobId{2}}) {
    Make(paths_.Output(id), 10);
    Make(paths_.Record(id), 10);
  }
  Make(paths_.output_directory + "/notes.txt", 10);
  ASSERT_TRUE(keeper.Begin([](JobId id) { return id == JobId{2}; }));
  EXPECT_FALSE(Exists(paths_.Output(JobId{1})));
  EXPECT_FALSE(Exists(paths_.Record(JobId{1})));
  EXPECT_TRUE(Exists(paths_.Output(JobId{2})));
  EXPECT_TRUE(Exists(paths_.Record(JobId{2})));
  EXPECT_TRUE(Exists(paths_.output_directory + "/notes.txt"));
}

TEST_F(JobFiles, DirectoriesAreMadeOrTheErrorNamesThem) {
  OutputKeeper fresh({scratch_ / "a/b", scratch_ / "c"}, 1);
  EXPECT_TRUE(fresh.Begin([](JobId) { return false; }));
  EXPECT_TRUE(Exists(scratch_ / "a/b/runs"));
  Make(scratch_ / "file", 1);
  OutputKeeper blocked({scratch_ / "file", scratch_ / "c"}, 1);
  const auto begun = blocked.Begin([](JobId) { return false; });
  ASSERT_FALSE(begun);
  EXPECT_NE(begun.error().message.find(scratch_ / "file"), std::string::npos) << begun.error().message;
}

}  // namespace
}  // namespace cmdsrv
