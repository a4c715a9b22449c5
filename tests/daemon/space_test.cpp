// Space as a reservation, through the socket: who waits for it, why, and what lets him start. The library is a small
// disk of its own.
#include <gmock/gmock.h>

#include <optional>

#include "support/ask.hpp"
#include "support/box/mirror.hpp"
#include "support/files.hpp"
#include "support/held_program.hpp"
#include "support/mounts.hpp"
#include "support/run.hpp"
#include "support/small_disk.hpp"
#include "support/test_box.hpp"

namespace cmdsrv::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr std::uint64_t kMiB = 1U << 20U;
constexpr std::uint64_t kPayload = 6 * kMiB;
constexpr const char* kHeld = "/zim/other/held_en_all_maxi_2026-01.zim";
constexpr const char* kOwn = "own_en_all_maxi_2026-02";
constexpr auto kEnd = seconds(120);

BoxOptions BoxOfTwo() {
  ZimSpec held;
  held.file_ref = "held_en_all_maxi_2026-01";
  held.payload_bytes = kPayload;
  ZimSpec waiting;
  waiting.file_ref = "late_en_all_maxi_2026-01";
  waiting.payload_bytes = kPayload;
  return SmallBox({held, waiting});
}

ZimFacts Named(const std::vector<ZimFacts>& zims, const std::string& beginning) {
  for (const ZimFacts& zim : zims) {
    if (zim.file_ref.starts_with(beginning)) return zim;
  }
  ThrowError({ErrorCode::NotFound, "there is no such ZIM: " + beginning});
}

class Space : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    static const bool entered = EnterMountNamespace();
    ASSERT_TRUE(entered) << "this test needs the right to make a mount namespace";
  }

  Space() {
    box.Internet();
    box.Configure({{"cmdsrv_lower_job_priority_flag", false}, {"fetch_stall_s", 600}});
    ZimSpec own;
    own.file_ref = kOwn;
    own.payload_bytes = kPayload;
    OrThrow(MakeZim(content, own));
    // Room for the one that is there and one more and a bit.
    if (!MountSmall(box.Path("/library"), 17 * 1024)) ThrowError({ErrorCode::Io, "cannot mount a small library"});
    daemon.emplace(box.StartDaemon());
  }
  ~Space() override {
    daemon.reset();
    Unmount(box.Path("/library"));
  }

  std::string Send(const std::string& command) const { return OrThrow(AskText(box.Socket(), command)); }
  static std::string Install(const ZimFacts& zim) { return fmt::format(R"(INST-ZIMS {{"zim_id": "{}"}})", zim.uuid); }
  JobRow Job(long long id) const {
    for (JobRow& job : OrThrow(ReadJobs(box.Socket()))) {
      if (job.id == id) return std::move(job);
    }
    return {};
  }
  std::string CodeOf(long long id) const {
    const JobRow job = Job(id);
    const json::value* reason = job.all.if_contains("reason");
    return reason != nullptr && reason->is_object() ? std::string(reason->at("code").as_string()) : std::string();
  }
  bool Becomes(long long id, const std::string& status) const {
    return WaitUntil([&] { return Job(id).status == status; }, kEnd);
  }
  bool WaitsForSpace(long long id) const {
    return WaitUntil([&] { return CodeOf(id) == "space"; }, kEnd);
  }

  /// Jobs 1 and 2 hold the room and do not go on; jobs 3 and 4 wait for it.
  void OneHoldsOneWaits() {
    box.Internet().Set({.fault = Fault::Stall, .path = kHeld, .at = kPayload / 2});
    ASSERT_THAT(Send(Install(held)), HasSubstr("Job  2 Scheduled"));
    ASSERT_TRUE(WaitUntil([&] { return box.Internet().Stalled() > 0; }, kEnd)) << Job(1).output;
    ASSERT_THAT(Send(Install(late)), HasSubstr("Job  4 Scheduled"));
    ASSERT_TRUE(WaitsForSpace(3)) << Job(3).reason;
  }
  void LetGo() {
    box.Internet().Clear();
    box.Internet().Release();
  }

  TestBox box{BoxOfTwo()};
  const ZimFacts held = Named(MirrorZims(box.Root(), "other"), "held");
  const ZimFacts late = Named(MirrorZims(box.Root(), "other"), "late");
  const std::string content = box.Path("/library/zims/content");
  std::optional<Daemon> daemon;
};

TEST_F(Space, SaysForWhatItWaitsAndStartsWhenContentIsDeleted) {
  OneHoldsOneWaits();
  const JobRow waiting = Job(3);
  EXPECT_EQ(waiting.status, "SCHEDULED");
  EXPECT_THAT(waiting.output, AllOf(HasSubstr("Waiting for space: "), HasSubstr("/library has "), HasSubstr(" free; "),
                                    HasSubstr(" are needed, and "), HasSubstr(" are kept for other jobs")));
  EXPECT_THAT(Send("WAIT-EVENTS"), AllOf(HasSubstr(R"("code":"space")"), HasSubstr("Waiting for space: ")));
  const auto ctl = RunTool({BuiltProgram("bin/iiab-cmdsrv-ctl"), "--root", box.Root(), "job", "3"});
  EXPECT_THAT(ctl.output, HasSubstr("Waiting for space: "));
  EXPECT_EQ(CodeOf(4), "job");

  EXPECT_THAT(Send(fmt::format(R"(DEL-CONTENT {{"device": "internal", "content": {{"zims": ["{}"]}}}})", kOwn)),
              HasSubstr("Success"));
  EXPECT_TRUE(Becomes(4, "SUCCEEDED")) << Describe(OrThrow(ReadJobs(box.Socket())));
  EXPECT_EQ(Job(1).status, "STARTED") << "the other one still holds its room";
  LetGo();
  EXPECT_TRUE(Becomes(2, "SUCCEEDED")) << Describe(OrThrow(ReadJobs(box.Socket())));
}

TEST_F(Space, StartsWhenTheOtherIsCancelledAndGoesOnAfterARestart) {
  OneHoldsOneWaits();
  daemon->Kill9();
  OrThrow(daemon->Restart());
  ASSERT_TRUE(WaitsForSpace(3)) << Job(3).reason;
  EXPECT_EQ(Job(1).status, "STARTED") << "it was adopted and keeps its promise";
  EXPECT_THAT(Send(R"(CANCEL-JOB {"job_id": 1})"), HasSubstr("Running Job  1 Cancelled"));
  ASSERT_TRUE(Becomes(2, "CANCELLED"));
  // The half that was fetched stays for the next try, and the rest of the room is enough.
  EXPECT_TRUE(Becomes(4, "SUCCEEDED")) << Describe(OrThrow(ReadJobs(box.Socket())));
}

TEST_F(Space, CancelledAndRetriedWhileItWaits) {
  OneHoldsOneWaits();
  EXPECT_THAT(Send(R"(CANCEL-JOB {"job_id": 3})"), HasSubstr("Scheduled Job  3 Cancelled"));
  ASSERT_TRUE(Becomes(4, "CANCELLED"));
  EXPECT_THAT(Send(R"(RETRY-JOB {"job_id": 3})"), HasSubstr("Job  6 Scheduled"));
  ASSERT_TRUE(WaitsForSpace(5)) << "it asks again";
  OrThrow(AskText(box.Socket(),
                  fmt::format(R"(DEL-CONTENT {{"device": "internal", "content": {{"zims": ["{}"]}}}})", kOwn)));
  EXPECT_TRUE(Becomes(6, "SUCCEEDED")) << Describe(OrThrow(ReadJobs(box.Socket())));
  LetGo();
  EXPECT_TRUE(Becomes(2, "SUCCEEDED"));
}

TEST_F(Space, PlanTellsBothKindsOfNo) {
  const auto plan = [&](const std::string& command) {
    return OrThrow(ParseJson(Send("PLAN " + PrintJson(json::object{{"command", command}}))));
  };
  const auto free = plan(Install(late));
  EXPECT_TRUE(free.at("waits_for_space").is_null()) << PrintJson(free);
  EXPECT_EQ(free.at("space").at(0).at("promised").to_number<std::uint64_t>(), 0U);
  box.Internet().Set({.fault = Fault::Stall, .path = kHeld, .at = kPayload / 2});
  ASSERT_THAT(Send(Install(held)), HasSubstr("Scheduled"));
  const auto waits = plan(Install(late));
  EXPECT_EQ(waits.at("accepted"), true);
  EXPECT_THAT(std::string(waits.at("waits_for_space").as_string()), HasSubstr("/library has "));
  EXPECT_GT(waits.at("space").at(0).at("promised").to_number<std::uint64_t>(), kPayload / 4);
  // With less room than it needs by itself nothing that is under way helps: the Command is refused.
  OrThrow(WriteText(box.Path("/library/filler"), std::string(6 * kMiB, 'x')));
  const auto refused = plan(Install(late));
  EXPECT_EQ(refused.at("accepted"), false);
  EXPECT_EQ(refused.at("reason"), "Not enough storage space for Zim");
  EXPECT_EQ(Send(Install(late)), R"({"Error": "Not enough storage space for Zim INST-ZIMS."})");
}

/// Two copies to one stick, which has room for one at a time.
TEST_F(Space, CopiesToAStickReserveToo) {
  const SmallDisk stick(box.Path("/media/usb0"), 10 * kMiB);
  ZimSpec other;
  other.file_ref = "other_en_all_maxi_2026-02";
  other.payload_bytes = kPayload;
  OrThrow(MakeZim(content, other));
  const HeldProgram rsync(box, "rsync");
  const auto copy = [&](const std::string& name) {
    return Send(fmt::format(
        R"(COPY-ZIMS {{"source": "internal", "dest": "/media/usb0", "zim_id": "x", "file_ref": "{}"}})", name));
  };
  ASSERT_THAT(copy(kOwn), HasSubstr("Job  1 Scheduled"));
  ASSERT_TRUE(Becomes(1, "STARTED"));
  ASSERT_THAT(copy("other_en_all_maxi_2026-02"), HasSubstr("Job  2 Scheduled"));
  ASSERT_TRUE(WaitsForSpace(2)) << Job(2).reason;
  EXPECT_THAT(Job(2).output, HasSubstr("/media/usb0 has "));
  Send(R"(CANCEL-JOB {"job_id": 1})");
  ASSERT_TRUE(Becomes(1, "CANCELLED"));
  rsync.LetGo();
  EXPECT_TRUE(Becomes(2, "SUCCEEDED")) << Describe(OrThrow(ReadJobs(box.Socket())));
}

}  // namespace
}  // namespace cmdsrv::test
