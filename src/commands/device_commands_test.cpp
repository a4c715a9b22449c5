#include <gmock/gmock.h>
#include <sys/stat.h>

#include "commands/fake_box.hpp"

namespace cmdsrv {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kDisks = R"(cat <<'END'
{"blockdevices": [
  {"path": "/dev/sda", "type": "disk", "rm": true, "size": 100, "tran": "usb", "maj:min": "1000:0", "mountpoint": null},
  {"path": "/dev/sdb", "type": "disk", "rm": true, "size": 100, "tran": "usb", "maj:min": "1000:16", "mountpoint": null,
   "children": [{"path": "/dev/sdb1", "type": "part", "rm": true, "size": 5, "tran": null, "maj:min": "1000:17", "mountpoint": "/media/usb0"}]},
  {"path": "/dev/mmcblk0", "type": "disk", "rm": true, "size": 100, "tran": null, "maj:min": "1000:32", "mountpoint": null,
   "children": [{"path": "/dev/mmcblk0p2", "type": "part", "rm": true, "size": 5, "tran": null, "maj:min": "1000:34", "mountpoint": "/"}]}
]}
END
)";

class CopyImage : public testing::Test {
 protected:
  CopyImage() {
    StandIn("lsblk", kDisks);
    std::filesystem::create_directories(box.root.Path("/proc/device-tree"));
    box.Write(box.root.Path("/proc/device-tree/model"), std::string("Raspberry Pi 4 Model B Rev 1.4\0", 31));
  }
  void StandIn(const std::string& name, const std::string& body) {
    std::filesystem::create_directories(box.root.Path("/usr/bin"));
    const std::string path = box.root.Path("/usr/bin/" + name);
    box.Write(path, "#!/bin/sh\n" + body);
    ::chmod(path.c_str(), 0755);
  }
  std::string Copy(const std::string& device) {
    return TextOf(box.Ask("COPY-DEV-IMAGE", PrintJson(json::object{{"dest_dev", device}})));
  }
  FakeBox box;
};

TEST_F(CopyImage, IsOneStepThatIsNeverRepeated) {
  const auto outcome = box.Ask("COPY-DEV-IMAGE", R"({"dest_dev": "/dev/sda"})");
  ASSERT_TRUE(outcome);
  const auto* plan = std::get_if<JobPlan>(&*outcome);
  ASSERT_NE(plan, nullptr);
  ASSERT_EQ(plan->steps.size(), 1U);
  EXPECT_FALSE(plan->steps[0].restartable);
  EXPECT_EQ(plan->steps[0].retry, RetryPolicy::Never);
  EXPECT_THAT(plan->steps[0].locks, ElementsAre("/dev/sda"));
  ASSERT_EQ(plan->steps[0].argv.size(), 4U);
  EXPECT_EQ(plan->steps[0].argv[1], "copy-image");
  EXPECT_EQ(plan->steps[0].argv[2], "--");
  EXPECT_EQ(plan->steps[0].argv[3], "/dev/sda");
}

TEST_F(CopyImage, OnlyOnARaspberryPi) {
  box.Write(box.root.Path("/proc/device-tree/model"), "Some other board");
  EXPECT_EQ(Copy("/dev/sda"), "error: Image copy only supported on Raspberry Pi at this time.");
}

TEST_F(CopyImage, OnlyOntoWhatTheListOffersNow) {
  for (const char* device : {"/dev/mmcblk0", "/dev/sdz", "/dev/sda1", "/dev/sdb1", "", "sda", "/dev/../dev/sda",
                             "/dev//sda", "/dev/sda /dev/sdb", "-o", "--help", "/dev/sd*", "/etc/passwd", "/dev/sda\n"})
    EXPECT_THAT(Copy(device), HasSubstr("not found.")) << device;
  EXPECT_EQ(Copy("/dev/sd\x1b[2J\"<b>"), "error: Device /dev/sd?[2J\"<b> not found.");
  EXPECT_THAT(TextOf(box.Ask("COPY-DEV-IMAGE", "{}")), HasSubstr("missing"));
  EXPECT_THAT(TextOf(box.Ask("COPY-DEV-IMAGE", R"({"dest_dev": ["/dev/sda"]})")), HasSubstr("must be a text"));
  StandIn("lsblk", "exit 1\n");
  EXPECT_THAT(Copy("/dev/sda"), HasSubstr("not found."));
}

TEST_F(CopyImage, NothingThatIsMountedIsOverwritten) {
  EXPECT_EQ(Copy("/dev/sdb"), "error: Device /dev/sdb is in use.");
}

TEST_F(CopyImage, NotWhileContentChanges) {
  for (const char* command : {R"(INST-ZIMS {"zim_id": "x"})", R"(COPY-ZIMS {"source": "internal"})", "MAKE-KIWIX-LIB",
                              R"(UPGRADE-ZIMS {"zim_permarefs": []})", R"(DEL-CONTENT {})", R"(INST-OER2GO-MOD {})",
                              R"(COPY-DEV-IMAGE {"dest_dev": "/dev/sdc"})"}) {
    box.board.unfinished = {{CommandId{1}, command}};
    EXPECT_EQ(Copy("/dev/sda"), "error: Content is being installed or copied.") << command;
  }
  box.board.unfinished = {{CommandId{1}, R"(TEST-JOB {"steps": [1]})"}};
  EXPECT_EQ(Copy("/dev/sda"), "a plan");
}

TEST_F(CopyImage, StateOfThePi) {
  StandIn("vcgencmd",
          "case \"$*\" in\nmeasure_temp) echo \"temp=48.3'C\" ;;\nget_throttled) echo throttled=0x50000 ;;\nesac\n");
  EXPECT_EQ(TextOf(box.Ask("GET-RPI-STATE")), R"({"rpi_temp":"48.3 C","rpi_throttled":"0x50000"})");
}

TEST_F(CopyImage, StateThatCannotBeRead) {
  const std::string unable = "error: Unable to read Raspberry Pi state";
  for (const char* body : {"exit 1\n", "exit 0\n", "echo VCHI initialization failed\n", "echo temp=\n",
                           "echo \"temp=48.3'C\"\n", "echo throttled=0xZZ\n", "echo =0x; echo =0x1\n",
                           "case $1 in measure_temp) echo temp=1 ;; *) echo 'throttled=0x0;alert(1)' ;; esac\n"}) {
    StandIn("vcgencmd", body);
    EXPECT_EQ(TextOf(box.Ask("GET-RPI-STATE")), unable) << body;
  }
  std::filesystem::remove(box.root.Path("/usr/bin/vcgencmd"));
  EXPECT_EQ(TextOf(box.Ask("GET-RPI-STATE")), unable);
  box.Write(box.root.Path("/proc/device-tree/model"), "Some other board");
  EXPECT_EQ(TextOf(box.Ask("GET-RPI-STATE")), "error: Server is not a Raspberry Pi.");
}

TEST_F(CopyImage, HostileWordsOfTheFirmwareAreMadePrintable) {
  StandIn(
      "vcgencmd",
      "case $1 in measure_temp) printf 'temp=\\033[2J\\377<b>\\nsecond=line\\n' ;; *) echo throttled=0x0 ;; esac\n");
  EXPECT_EQ(TextOf(box.Ask("GET-RPI-STATE")), R"({"rpi_temp":"?[2J?<b>","rpi_throttled":"0x0"})");
}

}  // namespace
}  // namespace cmdsrv
