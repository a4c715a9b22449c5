// Copies from and to sticks that are hostile, full, read-only or pulled out in the middle; PLAN of such copies.
#include <gmock/gmock.h>
#include <sys/stat.h>

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

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* kName = "village_en_all_maxi_2025-06";
constexpr const char* kFile = "village_en_all_maxi_2025-06.zim";
constexpr const char* kModule = "en-wells";
constexpr const char* kLarge = "large_en_all_maxi_2026-02";
constexpr std::uint64_t kMiB = 1U << 20U;
constexpr auto kEnd = seconds(120);

class UsbHostile : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    static const bool entered = EnterMountNamespace();
    ASSERT_TRUE(entered) << "this test needs the right to make a mount namespace";
  }
  UsbHostile() { stick.emplace(usb0, 16 * kMiB); }

  TestBox box;
  const std::string usb0 = box.Path("/media/usb0");
  const std::string zims_on_stick = usb0 + "/library/zims/content/";
  const std::string modules_on_stick = usb0 + "/library/www/html/modules/";
  const std::string content = box.Path("/library/zims/content/");
  const std::string modules = box.Path("/library/www/html/modules/");
  const std::string working = box.Path("/library/working");
  std::optional<SmallDisk> stick;
  std::optional<Daemon> daemon;

  void Start() { daemon.emplace(box.StartDaemon()); }
  std::string Send(const std::string& command) const { return OrThrow(AskText(box.Socket(), command, seconds(60))); }
  static std::string ZimCommand(const std::string& source, const std::string& dest, const std::string& name) {
    return "COPY-ZIMS " +
           PrintJson(json::object{{"source", source}, {"dest", dest}, {"zim_id", "an-id"}, {"file_ref", name}});
  }
  static std::string ModuleCommand(const std::string& source, const std::string& dest, const std::string& name) {
    return "COPY-OER2GO-MOD " + PrintJson(json::object{{"source", source}, {"dest", dest}, {"file_ref", name}});
  }
  std::string ImportZim(const std::string& name) const { return Send(ZimCommand("/media/usb0", "internal", name)); }
  std::string ExportZim(const std::string& name) const { return Send(ZimCommand("internal", "/media/usb0", name)); }
  std::string ImportModule(const std::string& name) const {
    return Send(ModuleCommand("/media/usb0", "internal", name));
  }
  std::vector<JobRow> WaitForEnd(std::size_t jobs) const { return OrThrow(WaitForJobs(box.Socket(), jobs, kEnd)); }
  static void ExpectSucceeded(const std::vector<JobRow>& jobs, std::size_t from = 0) {
    for (std::size_t i = from; i < jobs.size(); ++i) EXPECT_EQ(jobs[i].status, "SUCCEEDED") << Describe(jobs);
  }
  json::value Plan(const std::string& command) const {
    return OrThrow(Ask(box.Socket(), "PLAN " + PrintJson(json::object{{"command", command}}), seconds(60)));
  }
  static unsigned ModeOf(const std::string& path) {
    struct stat facts {};
    return ::lstat(path.c_str(), &facts) == 0 ? facts.st_mode & 07777U : 0;
  }

  /// A ZIM that only the stick has, or only the box.
  static std::string MakeLarge(const std::string& directory) {
    ZimSpec spec;
    spec.file_ref = kLarge;
    spec.payload_bytes = 3 * kMiB;
    OrThrow(MakeDirs(directory));
    return OrThrow(ReadText(OrThrow(MakeZim(directory, spec))));
  }
  void MakeModule(const std::string& directory) const {
    OrThrow(WriteText(directory + kModule + "/index.html", "<h1>Wells</h1>"));
    OrThrow(WriteText(directory + kModule + "/pages/a.html", std::string(300'000, 'x')));
  }
  /// From now on the stick is gone for rsync after so many bytes.
  void PullOutAfter(std::uint64_t bytes) {
    box.StandIn("rsync", fmt::format("#!/bin/sh\nexport LD_PRELOAD={} PULLED_OUT={} PULLED_OUT_AFTER={}\n"
                                     "exec /usr/bin/rsync \"$@\"\n",
                                     BuiltProgram("tests/libpulled_out.so"), usb0, bytes));
  }
  void PlugInAgain() const { fs::remove(box.Path("/usr/bin/rsync")); }
};

// What is on it.

TEST_F(UsbHostile, ModuleBringsNothingButFilesAndDirectories) {
  MakeModule(modules_on_stick);
  const std::string module = modules_on_stick + kModule + "/";
  OrThrow(WriteText(box.Path("/tmp/secret"), "secret"));
  OrThrow(MakeDirs(module + "pages"));
  fs::create_symlink(box.Path("/tmp/secret"), module + "out.html");
  fs::create_symlink("../../../../../../../tmp/secret", module + "up.html");
  fs::create_directory_symlink(box.Path("/library"), module + "library");
  fs::create_symlink("index.html", module + "inside.html");
  OrThrow(WriteText(module + "root.cgi", "#!/bin/sh\n"));
  ASSERT_EQ(::chmod((module + "root.cgi").c_str(), 06777), 0);
  ASSERT_EQ(::chmod((module + "pages").c_str(), 03777), 0);
  ASSERT_EQ(::mkfifo((module + "pipe").c_str(), 0666), 0);
  OrThrow(WriteText(module + "two\nlines.html", "kept"));
  OrThrow(WriteText(module + "\x1b[2J-x --delete.html", "kept too"));
  OrThrow(WriteText(module + std::string(200, 'n'), "long"));
  Start();
  EXPECT_THAT(ImportModule(kModule), HasSubstr("Job  2 Scheduled"));
  const auto jobs = WaitForEnd(2);
  ExpectSucceeded(jobs);
  const std::string installed = modules + kModule + "/";
  EXPECT_EQ(OrThrow(ReadText(installed + "two\nlines.html")), "kept");
  for (const auto& entry : fs::recursive_directory_iterator(installed)) {
    EXPECT_TRUE(entry.symlink_status().type() == fs::file_type::regular ||
                entry.symlink_status().type() == fs::file_type::directory)
        << entry.path();
    EXPECT_EQ(ModeOf(entry.path()), entry.is_directory() ? 0755U : 0644U) << entry.path();
  }
  for (const char* name : {"out.html", "up.html", "library", "inside.html", "pipe"})
    EXPECT_THAT(NamesIn(installed), Not(Contains(name)));
  for (const JobRow& job : jobs) EXPECT_THAT(job.output, Not(HasSubstr("\x1b"))) << "a terminal would obey it";
  EXPECT_EQ(OrThrow(ReadText(box.Path("/tmp/secret"))), "secret");
}

TEST_F(UsbHostile, NamesThatBelongToNobody) {
  OrThrow(MakeDirs(zims_on_stick));
  OrThrow(MakeDirs(modules_on_stick));
  MakeModule(box.Path("/tmp/"));
  fs::create_directory_symlink(box.Path("/tmp/") + kModule, modules_on_stick + kModule);
  OrThrow(WriteText(modules_on_stick + "two\nlines/index.html", "x"));
  OrThrow(WriteText(zims_on_stick + "two\nlines.zim", "x"));
  ASSERT_EQ(::mkfifo((zims_on_stick + "pipe.zim").c_str(), 0666), 0);
  OrThrow(WriteText(zims_on_stick + "dir.zim/x", "x"));
  Start();
  EXPECT_EQ(ImportModule(kModule), R"({"Error": "Module not found on Source. ."})") << "a link leads there";
  EXPECT_THAT(ImportModule("two\nlines"), HasSubstr("Malformed Command COPY-OER2GO-MOD"));
  EXPECT_THAT(ImportZim("two\nlines"), HasSubstr("Malformed Command COPY-ZIMS"));
  for (const char* name : {"pipe", "dir"}) EXPECT_EQ(ImportZim(name), R"({"Error": "Zim not found on Source. ."})");
  EXPECT_TRUE(OrThrow(Ask(box.Socket(), "GET-EXTDEV-INFO", seconds(60))).is_object());
  EXPECT_THAT(OrThrow(ReadJobs(box.Socket())), IsEmpty());
}

TEST_F(UsbHostile, ZimOfAnybodyCanBeReadByTheWebServer) {
  MakeLarge(zims_on_stick);
  ASSERT_EQ(::chmod((zims_on_stick + kLarge + ".zim").c_str(), 06700), 0);
  Start();
  EXPECT_THAT(ImportZim(kLarge), HasSubstr("Scheduled"));
  ExpectSucceeded(WaitForEnd(2));
  EXPECT_EQ(ModeOf(content + kLarge + ".zim"), 0644U);
}

// Read-only ones.

TEST_F(UsbHostile, StickThatCanOnlyBeReadGivesAndTakesNothing) {
  const std::string bytes = MakeLarge(zims_on_stick);
  MakeModule(modules_on_stick);
  ASSERT_TRUE(MountReadOnly(usb0, true));
  Start();
  EXPECT_THAT(ImportZim(kLarge), HasSubstr("Scheduled"));
  EXPECT_THAT(ImportModule(kModule), HasSubstr("Scheduled"));
  ExpectSucceeded(WaitForEnd(4));
  EXPECT_TRUE(ReadText(content + kLarge + ".zim").value_or("") == bytes);
  EXPECT_TRUE(Exists(modules + kModule + "/pages/a.html"));
  EXPECT_THAT(ExportZim(kName), HasSubstr("Scheduled"));
  const auto jobs = WaitForEnd(5);
  EXPECT_EQ(jobs[4].status, "FAILED") << Describe(jobs);
  EXPECT_THAT(jobs[4].output, HasSubstr("ead-only file system"));
  const std::string zims = fmt::format(R"({{"zims": ["{}"], "modules": ["{}"]}})", kLarge, kModule);
  EXPECT_EQ(Send(fmt::format(R"(DEL-CONTENT {{"device": "/media/usb0", "content": {}}})", zims)),
            R"({"Success": "DEL-CONTENT - Some errors occurred."})");
  EXPECT_THAT(NamesIn(zims_on_stick), ElementsAre(std::string(kLarge) + ".zim"));
  const auto info = OrThrow(Ask(box.Socket(), "GET-EXTDEV-INFO", seconds(60)));
  EXPECT_THAT(PrintJson(info), Not(HasSubstr("Error")));
}

// Full ones.

TEST_F(UsbHostile, BoxThatIsFullTakesNothing) {
  MakeLarge(zims_on_stick);
  const SmallDisk disk(working, 8 * kMiB);
  Start();
  disk.Fill(kMiB);
  EXPECT_EQ(ImportZim(kLarge), R"({"Error": "Not enough storage space on Destination. ."})");
  EXPECT_THAT(OrThrow(ReadJobs(box.Socket())), IsEmpty());
  disk.Empty();
  // Somebody else fills it between the question and the copy.
  const HeldProgram rsync(box, "rsync");
  EXPECT_THAT(ImportZim(kLarge), HasSubstr("Scheduled"));
  ASSERT_TRUE(rsync.BecomesCalled());
  disk.Fill(kMiB);
  rsync.LetGo();
  auto jobs = WaitForEnd(2);
  EXPECT_EQ(jobs[0].status, "FAILED") << Describe(jobs);
  EXPECT_EQ(jobs[1].status, "CANCELLED") << Describe(jobs);
  EXPECT_THAT(jobs[0].output, HasSubstr("No space left on device"));
  EXPECT_THAT(NamesIn(content), ElementsAre(kFile));
  disk.Empty();
  EXPECT_THAT(Send(R"(RETRY-JOB {"job_id": 1})"), HasSubstr("Success"));
  jobs = WaitForEnd(4);
  ExpectSucceeded(jobs, 2);
  EXPECT_TRUE(IsSoundZim(content + kLarge + ".zim"));
}

// Pulled out in the middle.

TEST_F(UsbHostile, PulledOutWhileItIsRead) {
  const std::string bytes = MakeLarge(zims_on_stick);
  MakeModule(modules_on_stick);
  Start();
  PullOutAfter(kMiB);
  EXPECT_THAT(ImportZim(kLarge), HasSubstr("Scheduled"));
  auto jobs = WaitForEnd(2);
  EXPECT_EQ(jobs[0].status, "FAILED") << Describe(jobs);
  EXPECT_THAT(jobs[0].output, HasSubstr("Input/output error"));
  EXPECT_EQ(jobs[1].status, "CANCELLED");
  EXPECT_THAT(NamesIn(content), ElementsAre(kFile));
  PullOutAfter(100'000);
  EXPECT_THAT(ImportModule(kModule), HasSubstr("Scheduled"));
  jobs = WaitForEnd(4);
  EXPECT_EQ(jobs[2].status, "FAILED") << Describe(jobs);
  EXPECT_THAT(NamesIn(modules), Not(Contains(kModule)));
  PlugInAgain();
  for (const char* job : {"1", "3"})
    EXPECT_THAT(Send(fmt::format(R"(RETRY-JOB {{"job_id": {}}})", job)), HasSubstr("Success"));
  jobs = WaitForEnd(8);
  ExpectSucceeded(jobs, 4);
  EXPECT_TRUE(ReadText(content + kLarge + ".zim").value_or("") == bytes);
  EXPECT_EQ(OrThrow(ReadText(modules + kModule + "/pages/a.html")), std::string(300'000, 'x'));
  EXPECT_THAT(NamesIn(working + "/zims"), IsEmpty());
}

TEST_F(UsbHostile, PulledOutWhileItIsWritten) {
  const std::string bytes = MakeLarge(content);
  Start();
  PullOutAfter(kMiB);
  EXPECT_THAT(ExportZim(kLarge), HasSubstr("Scheduled"));
  auto jobs = WaitForEnd(1);
  EXPECT_EQ(jobs[0].status, "FAILED") << Describe(jobs);
  EXPECT_FALSE(Exists(zims_on_stick + kLarge + ".zim")) << "half a ZIM must not look like one";
  PlugInAgain();
  EXPECT_THAT(ExportZim(kLarge), HasSubstr("Scheduled"));
  jobs = WaitForEnd(2);
  ExpectSucceeded(jobs, 1);
  EXPECT_TRUE(ReadText(zims_on_stick + kLarge + ".zim").value_or("") == bytes);
  EXPECT_THAT(NamesIn(zims_on_stick), ElementsAre(std::string(kLarge) + ".zim"));
}

TEST_F(UsbHostile, GoneBetweenTheLookAndTheCopy) {
  MakeLarge(zims_on_stick);
  MakeModule(modules_on_stick);
  std::optional<HeldProgram> rsync(std::in_place, box, "rsync");
  Start();
  EXPECT_THAT(ImportZim(kLarge), HasSubstr("Scheduled"));
  ASSERT_TRUE(rsync->BecomesCalled());
  stick.reset();
  rsync->LetGo();
  auto jobs = WaitForEnd(2);
  EXPECT_EQ(jobs[0].status, "FAILED") << Describe(jobs);
  rsync.emplace(box, "rsync");
  stick.emplace(usb0, 16 * kMiB);
  EXPECT_THAT(ExportZim(kName), HasSubstr("Scheduled"));
  ASSERT_TRUE(rsync->BecomesCalled());
  stick.reset();
  rsync->LetGo();
  jobs = WaitForEnd(3);
  EXPECT_EQ(jobs[2].status, "FAILED") << Describe(jobs);
  EXPECT_THAT(NamesIn(usb0), IsEmpty()) << "the disk of the box was written to";
  EXPECT_THAT(NamesIn(content), ElementsAre(kFile));
}

// Asking first.

TEST_F(UsbHostile, PlansOfCopies) {
  const auto bytes = static_cast<std::int64_t>(MakeLarge(zims_on_stick).size());
  MakeModule(modules_on_stick);
  Start();
  const auto import = Plan(ZimCommand("/media/usb0", "internal", kLarge));
  EXPECT_EQ(import.at("accepted"), true) << PrintJson(import);
  EXPECT_EQ(import.at("steps").as_array().size(), 2U);
  EXPECT_THAT(std::string(import.at("steps").at(0).at("step").as_string()), HasSubstr("copy-zim --from /media/usb0"));
  EXPECT_EQ(import.at("steps").at(1).at("after").to_number<int>(), 1);
  EXPECT_EQ(import.at("fetch").to_number<std::int64_t>(), bytes);
  const auto module = Plan(ModuleCommand("/media/usb0", "internal", kModule));
  EXPECT_EQ(module.at("accepted"), true) << PrintJson(module);
  EXPECT_EQ(module.at("steps").as_array().size(), 2U);
  EXPECT_EQ(module.at("fetch").to_number<std::int64_t>(), 300'014);
  const auto out = Plan(ZimCommand("internal", "/media/usb0", kName));
  EXPECT_EQ(out.at("steps").as_array().size(), 1U) << PrintJson(out);
  EXPECT_THAT(std::string(out.at("space").at(0).at("directory").as_string()), HasSubstr("/media/usb0"));
  const auto none = Plan(ZimCommand("/media/usb0", "internal", "none"));
  EXPECT_EQ(none.at("accepted"), false);
  EXPECT_THAT(std::string(none.at("reason").as_string()), HasSubstr("Zim not found on Source."));
  EXPECT_EQ(Plan(ZimCommand("/media/usb0", "/media/usb1", kLarge)).at("accepted"), false);
  stick->Fill(20'000);
  const auto full = Plan(ZimCommand("internal", "/media/usb0", kName));
  EXPECT_THAT(std::string(full.at("reason").as_string()), HasSubstr("Not enough storage space on Destination."));
  EXPECT_THAT(OrThrow(ReadJobs(box.Socket())), IsEmpty()) << "a plan changes nothing";
  EXPECT_THAT(NamesIn(content), ElementsAre(kFile));
}

}  // namespace
}  // namespace cmdsrv::test
