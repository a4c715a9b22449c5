// COPY-ZIMS, DEL-CONTENT, DEL-MODULES and RESTART-KIWIX through the socket, with a stick that is a file system of its
// own.
#include <gmock/gmock.h>

#include <filesystem>
#include <optional>

#include "support/ask.hpp"
#include "support/files.hpp"
#include "support/held_program.hpp"
#include "support/mounts.hpp"
#include "support/small_disk.hpp"
#include "support/test_box.hpp"

namespace cmdsrv::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

constexpr const char* kName = "village_en_all_maxi_2025-06";
constexpr const char* kFile = "village_en_all_maxi_2025-06.zim";
constexpr std::uint64_t kMiB = 1U << 20U;
constexpr auto kEnd = seconds(120);

class UsbContent : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    static const bool entered = EnterMountNamespace();
    ASSERT_TRUE(entered) << "this test needs the right to make a mount namespace";
  }

  UsbContent() {
    stick.emplace(box.Path("/media/usb0"), 8 * kMiB);
    daemon.emplace(box.StartDaemon());
  }

  TestBox box;
  std::optional<SmallDisk> stick;
  std::optional<Daemon> daemon;
  const std::string content = box.Path("/library/zims/content");
  const std::string on_stick = box.Path("/media/usb0/library/zims/content");
  const std::string working = box.Path("/library/working/zims");

  std::string Send(const std::string& command) const { return OrThrow(AskText(box.Socket(), command)); }
  std::string Copy(const std::string& source, const std::string& dest, const std::string& name = kName) const {
    return Send(fmt::format(R"(COPY-ZIMS {{"source": "{}", "dest": "{}", "zim_id": "an-id", "file_ref": "{}"}})",
                            source, dest, name));
  }
  std::string Export(const std::string& name = kName) const { return Copy("internal", "/media/usb0", name); }
  std::string Import(const std::string& name = kName) const { return Copy("/media/usb0", "internal", name); }
  std::vector<JobRow> WaitForEnd(std::size_t jobs, std::size_t count) const {
    const auto rows = OrThrow(WaitForJobs(box.Socket(), jobs, kEnd));
    return {rows.end() - static_cast<std::ptrdiff_t>(count), rows.end()};
  }
  static void ExpectSucceeded(const std::vector<JobRow>& jobs) {
    for (const JobRow& job : jobs) EXPECT_EQ(job.status, "SUCCEEDED") << Describe(jobs);
  }

  /// A ZIM that only the stick has.
  std::string PutOnStick(const std::string& name) const {
    ZimSpec spec;
    spec.file_ref = "imported_en_all_maxi_2026-02";
    spec.title = "Imported";
    const std::string made = OrThrow(MakeZim(box.Path("/tmp"), spec));
    std::string bytes = OrThrow(ReadText(made));
    OrThrow(WriteText(fmt::format("{}/{}.zim", on_stick, name), bytes));
    return bytes;
  }
};

class CopyZims : public UsbContent {};

TEST_F(CopyZims, ToTheStick) {
  EXPECT_THAT(Export(), HasSubstr("Scheduled"));
  ExpectSucceeded(WaitForEnd(1, 1));
  EXPECT_THAT(NamesIn(on_stick), ElementsAre(kFile));
  EXPECT_TRUE(IsSoundZim(on_stick + "/" + kFile));
  EXPECT_TRUE(IsSoundZim(content + "/" + kFile));
}

TEST_F(CopyZims, ToTheStickWithItsIndex) {
  OrThrow(WriteText(fmt::format("{}/{}.idx/postlist.DB", box.Path("/library/zims/index"), kFile), "an index"));
  EXPECT_THAT(Export(), HasSubstr("Job  2 Scheduled"));
  ExpectSucceeded(WaitForEnd(2, 2));
  EXPECT_EQ(
      ReadText(fmt::format("{}/{}.idx/postlist.DB", box.Path("/media/usb0/library/zims/index"), kFile)).value_or(""),
      "an index");
}

TEST_F(CopyZims, FromTheStickIntoTheLibrary) {
  const std::string bytes = PutOnStick("imported_en_all_maxi_2026-02");
  OrThrow(WriteText(box.Path("/media/usb0/library/zims/index/imported_en_all_maxi_2026-02.zim.idx/x"), "an index"));
  EXPECT_THAT(Import("imported_en_all_maxi_2026-02"), HasSubstr("Job  3 Scheduled"));
  ExpectSucceeded(WaitForEnd(3, 3));
  EXPECT_TRUE(ReadText(content + "/imported_en_all_maxi_2026-02.zim").value_or("") == bytes);
  EXPECT_THAT(Send("GET-ZIM-STAT"), HasSubstr("content/imported_en_all_maxi_2026-02.zim"));
  EXPECT_TRUE(Exists(box.Path("/library/zims/index/imported_en_all_maxi_2026-02.zim.idx/x")));
  EXPECT_THAT(NamesIn(working), IsEmpty());
  EXPECT_THAT(NamesIn(on_stick), ElementsAre("imported_en_all_maxi_2026-02.zim")) << "the stick keeps its own";
}

TEST_F(CopyZims, SplitOnesAndOddNamesBothWays) {
  const std::string bytes = PutOnStick("Üb ung 2026");
  std::filesystem::remove(on_stick + "/Üb ung 2026.zim");
  OrThrow(WriteText(on_stick + "/Üb ung 2026.zimaa", bytes.substr(0, 20'000)));
  OrThrow(WriteText(on_stick + "/Üb ung 2026.zimab", bytes.substr(20'000)));
  EXPECT_THAT(Import("Üb ung 2026"), HasSubstr("Scheduled"));
  ExpectSucceeded(WaitForEnd(2, 2));
  EXPECT_THAT(NamesIn(content), UnorderedElementsAre(kFile, "Üb ung 2026.zimaa", "Üb ung 2026.zimab"));
  std::filesystem::remove_all(on_stick);
  EXPECT_THAT(Export("Üb ung 2026"), HasSubstr("Scheduled"));
  ExpectSucceeded(WaitForEnd(3, 1));
  EXPECT_THAT(NamesIn(on_stick), UnorderedElementsAre("Üb ung 2026.zimaa", "Üb ung 2026.zimab"));
}

TEST_F(CopyZims, NamesAreExactAndNoPatterns) {
  for (const char* name : {"village", "village*", "*", "village_en_all_maxi_2025-0?", "-a"})
    EXPECT_THAT(Export(name), HasSubstr("Zim not found on Source. .")) << name;
  for (const char* name : {"", "..", "../content/village_en_all_maxi_2025-06", "/etc/passwd"})
    EXPECT_THAT(Export(name), HasSubstr("Malformed Command COPY-ZIMS")) << name;
  EXPECT_FALSE(Exists(on_stick));
}

TEST_F(CopyZims, StickWithoutRoomIsRefused) {
  stick->Fill(20'000);
  EXPECT_THAT(Export(), HasSubstr("Not enough storage space on Destination. ."));
}

/// A copy that broke off is no ZIM on the stick, and is gone on with.
TEST_F(CopyZims, StickThatGetsFullFailsAndSaysSo) {
  ZimSpec spec;
  spec.file_ref = "large_en_all_maxi_2026-02";
  spec.payload_bytes = 5 * kMiB;
  OrThrow(MakeZim(content, spec));
  // Somebody else fills the stick between the question and the copy.
  const HeldProgram rsync(box, "rsync");
  EXPECT_THAT(Export(spec.file_ref), HasSubstr("Scheduled"));
  ASSERT_TRUE(rsync.BecomesCalled());
  stick->Fill(2 * kMiB);
  rsync.LetGo();
  const auto jobs = WaitForEnd(1, 1);
  EXPECT_EQ(jobs[0].status, "FAILED") << Describe(jobs);
  EXPECT_THAT(jobs[0].output, HasSubstr("No space left on device"));
  EXPECT_FALSE(Exists(on_stick + "/large_en_all_maxi_2026-02.zim"));
  stick->Empty();
  EXPECT_THAT(Export(spec.file_ref), HasSubstr("Scheduled"));
  ExpectSucceeded(WaitForEnd(2, 1));
  EXPECT_TRUE(IsSoundZim(on_stick + "/large_en_all_maxi_2026-02.zim"));
  EXPECT_THAT(NamesIn(on_stick), ElementsAre("large_en_all_maxi_2026-02.zim"));
}

TEST_F(CopyZims, StickThatIsPulledOutBeforeTheCopyFillsNothing) {
  box.StandIn("rsync", "#!/bin/sh\nexit 9\n");
  OrThrow(AskText(box.Socket(), R"(TEST-JOB {"steps": [0]})"));
  WaitForEnd(1, 1);
  // The question finds it mounted, the step does not.
  EXPECT_THAT(Export(), HasSubstr("Scheduled"));
  const auto first = WaitForEnd(2, 1);
  EXPECT_EQ(first[0].status, "FAILED");
  EXPECT_THAT(first[0].output, HasSubstr("rsync ended with exit status 9"));
  stick.reset();
  EXPECT_THAT(Export(), HasSubstr("USB device is not mounted. ."));
  EXPECT_THAT(NamesIn(box.Path("/media/usb0")), IsEmpty()) << "the disk of the box was written to";
}

TEST_F(CopyZims, BadZimOfAStickNeverGetsIn) {
  std::string bytes = PutOnStick("bad_2026-02");
  bytes[bytes.size() / 2] ^= 1;
  OrThrow(WriteText(on_stick + "/bad_2026-02.zim", bytes));
  EXPECT_THAT(Import("bad_2026-02"), HasSubstr("Scheduled"));
  const auto jobs = WaitForEnd(2, 2);
  EXPECT_EQ(jobs[1].status, "FAILED") << Describe(jobs);
  EXPECT_THAT(jobs[1].output, HasSubstr("is no sound ZIM"));
  EXPECT_THAT(NamesIn(content), ElementsAre(kFile));
}

TEST_F(CopyZims, LinksOnAStickLeadNowhere) {
  OrThrow(WriteText(box.Path("/tmp/secret.zim"), "secret"));
  OrThrow(MakeDirs(on_stick));
  std::filesystem::create_symlink(box.Path("/tmp/secret.zim"), on_stick + "/secret.zim");
  EXPECT_THAT(Import("secret"), HasSubstr("Zim not found on Source. ."));
  std::filesystem::remove_all(box.Path("/media/usb0/library"));
  std::filesystem::create_directory_symlink(box.Path("/library"), box.Path("/media/usb0/library"));
  EXPECT_THAT(Import(), HasSubstr("Zim not found on Source. ."));
  EXPECT_THAT(Export(), HasSubstr("Scheduled"));
  const auto jobs = WaitForEnd(1, 1);
  EXPECT_EQ(jobs[0].status, "FAILED") << Describe(jobs);
  EXPECT_THAT(jobs[0].output, HasSubstr("symbolic link"));
}

TEST_F(CopyZims, IsWorkInProgressAndKeepsItsFileFromBeingDeleted) {
  const HeldProgram rsync(box, "rsync");
  EXPECT_THAT(Export(), HasSubstr("Scheduled"));
  const auto stat = OrThrow(Ask(box.Socket(), "GET-ZIM-STAT"));
  EXPECT_EQ(stat.at("WIP").at("an-id").at("action"), "EXPORT");
  EXPECT_THAT(Send(fmt::format(R"(DEL-CONTENT {{"device": "internal", "content": {{"zims": ["{}"]}}}})", kName)),
              HasSubstr("DEL-CONTENT - Some errors occurred."));
  EXPECT_TRUE(Exists(content + "/" + kFile));
  rsync.LetGo();
  ExpectSucceeded(WaitForEnd(1, 1));
}

class DeleteContent : public UsbContent {
 protected:
  std::string Delete(const std::string& device, const std::string& contents) const {
    return Send(fmt::format(R"(DEL-CONTENT {{"device": "{}", "content": {}}})", device, contents));
  }
};

TEST_F(DeleteContent, OfTheBoxIndexesAgain) {
  EXPECT_EQ(Delete("internal", fmt::format(R"({{"zims": ["{}"], "modules": []}})", kName)),
            R"({"Success": "DEL-CONTENT ."})");
  ExpectSucceeded(WaitForEnd(1, 1));
  EXPECT_THAT(NamesIn(content), IsEmpty());
  EXPECT_THAT(Send("GET-ZIM-STAT"), Not(HasSubstr(kFile)));
}

TEST_F(DeleteContent, OfAStickLeavesTheBoxAlone) {
  PutOnStick(kName);
  PutOnStick("other");
  OrThrow(WriteText(box.Path("/media/usb0/library/www/html/modules/en-wells/index.html"), "x"));
  EXPECT_EQ(Delete("/media/usb0", fmt::format(R"({{"zims": ["{}"], "modules": ["en-wells"]}})", kName)),
            R"({"Success": "DEL-CONTENT ."})");
  EXPECT_THAT(NamesIn(on_stick), ElementsAre("other.zim"));
  EXPECT_THAT(NamesIn(box.Path("/media/usb0/library/www/html/modules")), IsEmpty());
  EXPECT_THAT(NamesIn(content), ElementsAre(kFile));
  EXPECT_THAT(OrThrow(ReadJobs(box.Socket())), IsEmpty()) << "the library of the box has not changed";
}

TEST_F(DeleteContent, LinksOnAStickLeadNowhere) {
  std::filesystem::create_directory_symlink(box.Path("/library"), box.Path("/media/usb0/library"));
  EXPECT_EQ(Delete("/media/usb0", fmt::format(R"({{"zims": ["{}"]}})", kName)),
            R"({"Success": "DEL-CONTENT - Some errors occurred."})");
  EXPECT_THAT(NamesIn(content), ElementsAre(kFile));
}

TEST_F(DeleteContent, ByTheOlderVerb) {
  EXPECT_EQ(Send(fmt::format(R"(DEL-MODULES {{"device": "internal", "mod_type": "zims", "mod_list": ["{}"]}})", kName)),
            R"({"Success": "DEL-MODULES ."})");
  ExpectSucceeded(WaitForEnd(1, 1));
  EXPECT_THAT(NamesIn(content), IsEmpty());
}

TEST_F(UsbContent, RestartKiwixAsksSystemctl) {
  EXPECT_EQ(Send("RESTART-KIWIX"), R"({"Success": "RESTART-KIWIX ."})");
  EXPECT_THAT(box.CallsOf("systemctl"), HasSubstr("restart kiwix-serve.service"));
  box.StandIn("systemctl", "#!/bin/sh\nexit 1\n");
  EXPECT_EQ(Send("RESTART-KIWIX"), R"({"Error": "Internal Server Error processing Command RESTART-KIWIX."})");
}

}  // namespace
}  // namespace cmdsrv::test
