// GET-EXTDEV-INFO and REMOVE-USB through the socket, with sticks that are file systems of their own.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <stdlib.h>
#include <sys/mount.h>

#include <filesystem>
#include <future>
#include <optional>

#include "platform/unique_fd.hpp"
#include "support/ask.hpp"
#include "support/files.hpp"
#include "support/held_program.hpp"
#include "support/mounts.hpp"
#include "support/run.hpp"
#include "support/small_disk.hpp"
#include "support/test_box.hpp"

namespace cmdsrv::test {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr std::uint64_t kMiB = 1U << 20U;
constexpr const char* kOk = R"({"Success": "REMOVE-USB ."})";

class UsbDevices : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    static const bool entered = EnterMountNamespace() && PassOnRightToMount();
    ASSERT_TRUE(entered) << "this test needs the right to make a mount namespace";
  }
  UsbDevices() {
    OrThrow(WriteText(box.Path("/etc/iiab/oer2go_catalog.json"),
                      R"({"modules": {"en-wells": {"moddir": "en-wells"}, "en-other": {"moddir": "en-other"}}})"));
    stick.emplace(box.Path("/media/usb0"), 600 * kMiB);
    daemon.emplace(box.StartDaemon());
  }

  std::string Send(const std::string& command) const { return OrThrow(AskText(box.Socket(), command, seconds(60))); }
  json::object Info() const { return OrThrow(Ask(box.Socket(), "GET-EXTDEV-INFO", seconds(60))).get_object(); }
  json::object InfoOf(const char* device) const {
    const json::object info = Info();
    return info.contains(device) ? info.at(device).get_object() : json::object();
  }
  std::string Remove(const std::string& device = "/media/usb0") const {
    return Send("REMOVE-USB " + PrintJson(json::object{{"device", device}}));
  }
  void PutZimOnStick(const std::string& name) const {
    ZimSpec spec;
    spec.file_ref = name;
    spec.title = "On the stick";
    OrThrow(MakeZim(on_stick + "/zims/content", spec));
  }

  TestBox box;
  std::optional<SmallDisk> stick;
  std::optional<Daemon> daemon;
  const std::string usb0 = box.Path("/media/usb0");
  const std::string on_stick = usb0 + "/library";
};

TEST_F(UsbDevices, SizesOfWhatIsMounted) {
  const json::object info = Info();
  ASSERT_EQ(info.size(), 1U);
  const json::object& one = info.at("/media/usb0").get_object();
  EXPECT_EQ(one.at("dev_size_k"), "614400");
  EXPECT_EQ(std::stoull(std::string(one.at("dev_used_k").get_string())) +
                std::stoull(std::string(one.at("dev_sp_avail_k").get_string())),
            600U * 1024U);
  EXPECT_EQ(one.at("oer2go_modules"), json::array());
  EXPECT_EQ(one.at("zim_modules"), json::object());
}

TEST_F(UsbDevices, OnlyPlacesThatOtherCommandsCanUse) {
  for (const char* place :
       {"/media/usb10", "/media/stick", "/mnt/usb1", "/media/usbx", "/media/usb 2", "/media/usb3"}) {
    OrThrow(MakeDirs(box.Path(place)));
    const char* size = std::string_view(place) == "/media/usb3" ? "size=400m" : "size=600m";  // one to start from
    ASSERT_EQ(::mount("none", box.Path(place).c_str(), "tmpfs", 0, size), 0);
  }
  OrThrow(MakeDirs(box.Path("/media/usb4")));  // nothing is mounted there
  const json::object info = Info();
  EXPECT_EQ(info.size(), 1U) << PrintJson(info);
  stick.reset();
  EXPECT_EQ(Info().size(), 0U);
  for (const char* place : {"/media/usb10", "/media/stick", "/mnt/usb1", "/media/usbx", "/media/usb 2", "/media/usb3"})
    Unmount(box.Path(place));
}

TEST_F(UsbDevices, ZimsOfAStickAreIndexedOnceAndListed) {
  PutZimOnStick("stick_en_all_2026-02");
  const json::object zims = InfoOf("/media/usb0").at("zim_modules").get_object();
  ASSERT_EQ(zims.size(), 1U);
  EXPECT_EQ(zims.begin()->value().at("path"), "content/stick_en_all_2026-02.zim");
  EXPECT_EQ(zims.begin()->value().at("title"), "On the stick");
  const auto written = fs::last_write_time(on_stick + "/zims/library.xml");
  EXPECT_EQ(InfoOf("/media/usb0").at("zim_modules").get_object().size(), 1U);
  EXPECT_EQ(fs::last_write_time(on_stick + "/zims/library.xml"), written) << "nothing is written without need";
  EXPECT_THAT(Send("GET-ZIM-STAT"), Not(HasSubstr("stick_en_all"))) << "the library of the box is another one";
  EXPECT_EQ(Remove(), kOk) << "nothing of it is left open";
}

TEST_F(UsbDevices, OnABoxWithoutKiwixNothingIsIndexed) {
  OrThrow(WriteText(box.Path("/etc/iiab/iiab.ini"), "[runtime]\nruntime_branch = master\n"));
  PutZimOnStick("stick_en_all_2026-02");
  EXPECT_EQ(InfoOf("/media/usb0").at("zim_modules"), json::object());
  EXPECT_FALSE(Exists(on_stick + "/zims/library.xml"));
  OrThrow(WriteText(box.Path("/etc/iiab/iiab.ini"), "[kiwix]\nkiwix_enabled = False\n"));
  EXPECT_EQ(InfoOf("/media/usb0").at("zim_modules").get_object().size(), 1U) << "it is read again at each use";
}

TEST_F(UsbDevices, TheLibraryMayBeADiskOfItsOwn) {
  const auto space = [&] { return OrThrow(Ask(box.Socket(), "GET-SPACE-AVAIL", seconds(60))).get_object(); };
  EXPECT_EQ(space().at("library_on_root"), true);
  EXPECT_FALSE(space().contains("library"));
  ASSERT_TRUE(MountSmall(box.Path("/library"), 64U << 10U));
  const json::object own = space();
  EXPECT_EQ(own.at("library_on_root"), false);
  EXPECT_EQ(own.at("library").at("mount_point"), "/library");
  EXPECT_EQ(own.at("library").at("size_in_k"), "65536");
  EXPECT_GT(std::stoull(std::string(own.at("library").at("avail_in_k").as_string())), 10'000U);
  EXPECT_EQ(own.at("root").at("mount_point"), "/");
  Unmount(box.Path("/library"));
}

TEST_F(UsbDevices, AStickThatCanOnlyBeReadIsNotWrittenTo) {
  PutZimOnStick("stick_en_all_2026-02");
  ASSERT_TRUE(MountReadOnly(usb0, true));
  EXPECT_EQ(InfoOf("/media/usb0").at("zim_modules"), json::object());
  EXPECT_FALSE(Exists(on_stick + "/zims/library.xml"));
  EXPECT_EQ(Remove(), kOk);
}

TEST_F(UsbDevices, AFullStickIsListedAllTheSame) {
  PutZimOnStick("stick_en_all_2026-02");
  stick->Fill(0);
  const json::object info = InfoOf("/media/usb0");
  EXPECT_EQ(info.at("dev_sp_avail_k"), "0");
  EXPECT_TRUE(info.at("zim_modules").is_object());
}

TEST_F(UsbDevices, ModulesOfTheCatalogAlone) {
  OrThrow(WriteText(on_stick + "/www/html/modules/en-wells/index.html", "x"));
  OrThrow(WriteText(on_stick + "/www/html/modules/not-in-catalog/index.html", "x"));
  OrThrow(WriteText(on_stick + "/www/html/modules/en-file", "x"));
  fs::create_directory_symlink(box.Path("/etc"), on_stick + "/www/html/modules/en-other");
  EXPECT_EQ(InfoOf("/media/usb0").at("oer2go_modules"), json::array{"en-wells"});
}

TEST_F(UsbDevices, LinksOnAStickLeadNowhere) {
  const std::string library = box.Path("/library/zims/library.xml");
  const std::string before = OrThrow(ReadText(library));
  fs::create_directory_symlink(box.Path("/library"), on_stick);
  json::object info = InfoOf("/media/usb0");
  EXPECT_EQ(info.at("zim_modules"), json::object());
  EXPECT_EQ(info.at("oer2go_modules"), json::array());
  fs::remove(on_stick);
  PutZimOnStick("stick_en_all_2026-02");
  fs::create_symlink(library, on_stick + "/zims/library.xml");
  (void)Info();
  EXPECT_EQ(OrThrow(ReadText(library)), before) << "the library of the box was written to";
  fs::remove_all(on_stick + "/zims");
  fs::create_directory_symlink(box.Path("/library/zims"), on_stick + "/zims");
  EXPECT_EQ(InfoOf("/media/usb0").at("zim_modules"), json::object());
}

TEST_F(UsbDevices, ABrokenStickHidesNoOther) {
  SmallDisk second(box.Path("/media/usb1"), 600 * kMiB);
  OrThrow(WriteText(box.Path("/media/usb1/library/www/html/modules/en-wells/index.html"), "x"));
  OrThrow(WriteText(on_stick + "/zims/content/broken.zim", "no ZIM at all"));
  OrThrow(WriteText(on_stick + "/zims/library.xml", "<library><book id=\"a\" path=\"(null)\"/><book id=\"b\""));
  OrThrow(WriteText(box.Path("/media/usb1/library/zims/library.xml"),
                    "<library><book id=\"a\" path=\"(null)\"/><book id=\"b\"/><book id=\"c\" path=\"content/c.zim\" "
                    "title=\"&lt;b&gt; \xff\"/></library>"));
  const json::object info = Info();
  EXPECT_EQ(info.at("/media/usb0").at("zim_modules"), json::object());
  EXPECT_EQ(info.at("/media/usb1").at("oer2go_modules"), json::array{"en-wells"});
  const json::object& zims = info.at("/media/usb1").at("zim_modules").get_object();
  ASSERT_EQ(zims.size(), 1U);
  EXPECT_EQ(zims.at("c").at("title"), "<b> \xEF\xBF\xBD");
}

/// At any moment: before it is looked at, while it is indexed, after that.
TEST_F(UsbDevices, AStickThatIsPulledOutMeanwhileHarmsNothing) {
  const std::string library = OrThrow(ReadText(box.Path("/library/zims/library.xml")));
  // At once; when the index is begun; when it is there.
  const std::string moments[] = {usb0, box.Path("/run/lock/kiwix-usb0"), on_stick + "/zims/library.xml"};
  for (const std::string& moment : moments) {
    if (!stick) stick.emplace(usb0, 600 * kMiB);
    PutZimOnStick("stick_en_all_2026-02");
    auto asked = std::async(std::launch::async, [&] { return Send("GET-EXTDEV-INFO"); });
    EXPECT_TRUE(WaitUntil([&] { return Exists(moment); }, seconds(60))) << moment;
    Unmount(usb0);
    stick.reset();
    const auto reply = ParseJson(asked.get());
    ASSERT_TRUE(reply && reply->is_object());
    EXPECT_FALSE(reply->get_object().contains("Error"));
    EXPECT_THAT(NamesIn(usb0), IsEmpty()) << "the disk of the box was written to";
  }
  EXPECT_EQ(OrThrow(ReadText(box.Path("/library/zims/library.xml"))), library);
  EXPECT_EQ(Info().size(), 0U);
}

class RemoveUsb : public UsbDevices {};

TEST_F(RemoveUsb, UnmountsItAndTakesItsLinksAway) {
  fs::create_symlink("somewhere", usb0 + "/usb0");
  OrThrow(MakeDirs(box.Path("/library/www/html/local_content")));
  fs::create_directory_symlink(usb0, box.Path("/library/www/html/local_content/USB0"));
  fs::create_directory_symlink(usb0, box.Path("/library/www/html/local_content/USB1"));
  EXPECT_EQ(Remove(), kOk);
  EXPECT_EQ(Info().size(), 0U);
  EXPECT_THAT(NamesIn(box.Path("/library/www/html/local_content")), ElementsAre("USB1"));
  EXPECT_EQ(Remove(), R"({"Error": "Device /media/usb0 is not mounted. REMOVE-USB."})");
}

TEST_F(RemoveUsb, AStickThatDidNotTakeAllIsNoSuccess) {
  const auto environment = FailingCall("syncfs", EIO, "/media/usb0");
  for (const std::string& entry : environment) ::putenv(const_cast<char*>(entry.c_str()));
  const auto restarted = daemon->Restart();
  for (const std::string& entry : environment) ::unsetenv(entry.substr(0, entry.find('=')).c_str());
  OrThrow(restarted);
  EXPECT_EQ(Remove(), R"({"Warning": "Not everything could be written to device /media/usb0 REMOVE-USB."})");
  EXPECT_TRUE(daemon->Prints("cannot write all of it to " + usb0));
  EXPECT_EQ(Info().size(), 0U) << "it may be pulled out";
}

TEST_F(RemoveUsb, WhatIsNoLinkStays) {
  OrThrow(WriteText(usb0 + "/usb0/file", "x"));
  OrThrow(WriteText(box.Path("/library/www/html/local_content/USB0/file"), "x"));
  ASSERT_EQ(
      ::mount(usb0.c_str(), OrThrow(MakeDirs(box.Path("/mnt/see")).map([&] { return box.Path("/mnt/see"); })).c_str(),
              nullptr, MS_BIND, nullptr),
      0);
  EXPECT_EQ(Remove("usb0"), kOk) << "the short name is good too";
  EXPECT_TRUE(Exists(box.Path("/mnt/see/usb0/file")));
  EXPECT_TRUE(Exists(box.Path("/library/www/html/local_content/USB0/file")));
  Unmount(box.Path("/mnt/see"));
}

TEST_F(RemoveUsb, OpenFilesKeepItAsItIs) {
  OrThrow(WriteText(usb0 + "/file", "x"));
  fs::create_symlink("somewhere", usb0 + "/usb0");
  {
    const UniqueFd open(::open((usb0 + "/file").c_str(), O_RDONLY | O_CLOEXEC));
    EXPECT_EQ(Remove(), R"({"Error": "Device /media/usb0 has open files. REMOVE-USB."})");
    EXPECT_TRUE(fs::is_symlink(usb0 + "/usb0"));
    EXPECT_EQ(Info().size(), 1U);
  }
  EXPECT_EQ(Remove(), kOk);
}

TEST_F(RemoveUsb, AllThatIsMountedThere) {
  ASSERT_EQ(::mount("none", usb0.c_str(), "tmpfs", 0, "size=600m"), 0);
  EXPECT_EQ(Remove(), kOk);
  EXPECT_EQ(Info().size(), 0U);
}

TEST_F(RemoveUsb, NotWhileSomethingIsCopied) {
  const HeldProgram rsync(box, "rsync");
  EXPECT_THAT(Send(R"(COPY-ZIMS {"source": "internal", "dest": "/media/usb0", "zim_id": "an-id",
                       "file_ref": "village_en_all_maxi_2025-06"})"),
              HasSubstr("Scheduled"));
  EXPECT_EQ(Remove(), R"({"Error": "Device /media/usb0 in use by another command. REMOVE-USB."})");
  EXPECT_THAT(Remove("/media/usb1"), HasSubstr("is not mounted")) << "another one is free to go";
  rsync.LetGo();
  const auto jobs = OrThrow(WaitForJobs(box.Socket(), 1, seconds(120)));
  EXPECT_EQ(jobs[0].status, "SUCCEEDED") << Describe(jobs);
  EXPECT_EQ(Remove(), kOk);
}

TEST_F(RemoveUsb, NotWhileACopyWaitsForItsTurn) {
  daemon.reset();
  box.Configure({{"cmdsrv_max_concurrent_jobs", 1}});
  daemon.emplace(box.StartDaemon());
  EXPECT_THAT(Send(R"(TEST-JOB {"steps": [600]})"), HasSubstr("Scheduled"));
  EXPECT_THAT(Send(R"(COPY-ZIMS {"source": "internal", "dest": "usb0", "zim_id": "an-id",
                       "file_ref": "village_en_all_maxi_2025-06"})"),
              HasSubstr("Scheduled"));
  EXPECT_THAT(Remove(), HasSubstr("in use by another command"));
  EXPECT_THAT(Send(R"(CANCEL-JOB {"job_id": 2})"), HasSubstr("Cancelled"));
  OrThrow(WaitForStatus(box.Socket(), "CANCELLED", seconds(60)));
  EXPECT_EQ(Remove(), kOk);
}

TEST_F(RemoveUsb, NamesThatAreNoDevice) {
  for (const char* device :
       {"", "usb", "usb&", "usb;", "usb*", "usb10", "/media/usb0;x", "/media/usb0/..", "/media/usb0/", "/media", "/",
        "internal", "/media/usb\n0", "../usb0", "-l", "/dev/sda1", "0"})
    EXPECT_EQ(Remove(device), R"({"Error": "Malformed Command REMOVE-USB."})") << device;
  for (const char* arguments : {"", "{}", R"({"device": 0})", R"({"device": ["/media/usb0"]})", R"({"device": null})"})
    EXPECT_EQ(Send(fmt::format("REMOVE-USB {}", arguments)), R"({"Error": "Malformed Command REMOVE-USB."})")
        << arguments;
  EXPECT_EQ(Info().size(), 1U);
}

}  // namespace
}  // namespace cmdsrv::test
