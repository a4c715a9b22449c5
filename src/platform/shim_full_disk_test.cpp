#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>

#include "support/mounts.hpp"
#include "support/shim_fixture.hpp"
#include "support/small_disk.hpp"

/// The shim where neither the output nor the record finds room on the disk.
namespace cmdsrv {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class ShimFullDisk : public test::ShimTest {
 protected:
  static void SetUpTestSuite() {
    Shim();  // before the name space
    ASSERT_TRUE(test::EnterMountNamespace());
  }

  ShimStart OnTheDisk(const std::string& script) const {
    ShimStart start = Shell(script);
    start.record_path = record_;
    start.output_path = output_;
    return start;
  }
  RunRecord FinishOnTheDisk(const ShimProcess& shim) const {
    EXPECT_TRUE(HasEnded(shim));
    shim.Reap();
    const auto record = ReadRunRecord(record_);
    EXPECT_TRUE(record) << record.error().message;
    return record.value_or(RunRecord{});
  }

  test::SmallDisk disk_{scratch_ / "disk", 1U << 20U};
  const std::string record_ = scratch_ / "disk/record";
  const std::string output_ = scratch_ / "disk/output";
};

TEST_F(ShimFullDisk, StepGoesOnAndItsEndIsRecorded) {
  const std::string go_on = scratch_ / "go-on";
  auto shim = StartShim(Shim(), OnTheDisk("echo begun; while [ ! -e " + go_on +
                                          " ]; do sleep 0.01; done; head -c 300000 /dev/zero | tr '\\0' x; exit 3"));
  ASSERT_TRUE(shim) << shim.error().message;
  ASSERT_TRUE(shim->Go());
  ASSERT_TRUE(test::Eventually([&] { return test::Slurp(output_) == "begun\n"; }));
  disk_.Fill(0);
  test::Spit(go_on, "");
  const RunRecord record = FinishOnTheDisk(*shim);
  EXPECT_EQ(record.phase, RunPhase::Ended);
  EXPECT_TRUE(IsFinal(record));
  EXPECT_EQ(DescribeExit(record), "exit status 3") << "a full disk must not stop a step";
  EXPECT_EQ(record.output_total, 300'006U) << "what is lost is counted";
  EXPECT_THAT(test::Slurp(output_), StartsWith("begun\n")) << "what was there before stays";
  const auto end = ReadOutputEnd(output_, record.output_total, 1U << 20U);
  ASSERT_TRUE(end) << end.error().message;
  EXPECT_THAT(*end, StartsWith("begun\n"));
  EXPECT_LT(end->size(), 10'000U);
}

TEST_F(ShimFullDisk, OutputGoesOnWhenThereIsRoomAgain) {
  const std::string go_on = scratch_ / "go-on";
  const std::string wait = "; while [ ! -e " + go_on + " ]; do sleep 0.01; done; ";
  auto shim = StartShim(Shim(), OnTheDisk("echo begun; head -c 8192 /dev/zero | tr '\\0' x" + wait + "echo the end"));
  ASSERT_TRUE(shim) << shim.error().message;
  disk_.Fill(4096);  // the first page of the output finds its place
  ASSERT_TRUE(shim->Go());
  const auto total = [&] { return ReadRunRecord(record_).value_or(RunRecord{}).output_total; };
  ASSERT_TRUE(test::Eventually([&] { return total() == 8198; }));
  disk_.Empty();
  test::Spit(go_on, "");
  const RunRecord record = FinishOnTheDisk(*shim);
  EXPECT_EQ(DescribeExit(record), "exit status 0");
  const auto end = ReadOutputEnd(output_, record.output_total, 1U << 20U);
  ASSERT_TRUE(end) << end.error().message;
  EXPECT_THAT(*end, StartsWith("begun\n"));
  EXPECT_THAT(*end, HasSubstr("the end\n"));
}

TEST_F(ShimFullDisk, CancelWorksAsEver) {
  auto shim = StartShim(Shim(), OnTheDisk("echo begun; exec sleep 1000"));
  ASSERT_TRUE(shim) << shim.error().message;
  ASSERT_TRUE(shim->Go());
  ASSERT_TRUE(test::Eventually([&] { return test::Slurp(output_) == "begun\n"; }));
  disk_.Fill(0);
  shim->Cancel();
  const RunRecord record = FinishOnTheDisk(*shim);
  EXPECT_EQ(record.cancelled, 1U);
  EXPECT_EQ(DescribeExit(record), "ended by signal 2 (Interrupt)");
}

TEST_F(ShimFullDisk, StartWithoutRoomForTheRecordFailsAndLeavesNothing) {
  disk_.Fill(0);
  const auto shim = StartShim(Shim(), OnTheDisk("echo never"));
  ASSERT_FALSE(shim);
  EXPECT_EQ(shim.error().code, ErrorCode::NoSpace);
  EXPECT_THAT(shim.error().message, HasSubstr("no space left on device"));
  EXPECT_FALSE(std::filesystem::exists(record_));
  EXPECT_FALSE(std::filesystem::exists(output_));
}

}  // namespace
}  // namespace cmdsrv
