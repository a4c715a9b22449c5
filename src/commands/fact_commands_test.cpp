#include <gmock/gmock.h>
#include <sys/stat.h>

#include <thread>

#include "commands/fake_box.hpp"
#include "protocol/reply.hpp"

namespace cmdsrv {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class Facts : public testing::Test {
 protected:
  void StandIn(const std::string& name, const std::string& body) {
    const std::string path = box.root.Path("/usr/bin/" + name);
    std::filesystem::create_directories(box.root.Path("/usr/bin"));
    box.Write(path, "#!/bin/sh\n" + body);
    ::chmod(path.c_str(), 0755);
  }
  FakeBox box;
};

TEST_F(Facts, MemoryOfThisMachine) {
  const std::string reply = TextOf(box.Ask("GET-MEM-INFO"));
  EXPECT_THAT(reply, StartsWith(R"({"system_memory":["               total)"));
  EXPECT_THAT(reply, HasSubstr(R"("Mem:  )"));
  EXPECT_TRUE(reply.ends_with(R"(,""]})"));
}

TEST_F(Facts, FileSystemsOfThisMachine) {
  const std::string reply = TextOf(box.Ask("GET-STORAGE-INFO"));
  EXPECT_THAT(reply, StartsWith(R"({"system_fs":["Filesystem )"));
  EXPECT_THAT(reply, HasSubstr(R"(% /")"));
}

TEST_F(Facts, SpaceOfARootThatCannotBeLookedAt) {
  box.Use();
  std::filesystem::remove_all(box.root.Directory());
  const auto outcome = box.Ask("GET-SPACE-AVAIL");
  ASSERT_FALSE(outcome);
  EXPECT_EQ(ToReply("GET-SPACE-AVAIL", outcome.error()), R"({"Error": "No root partition found GET-SPACE-AVAIL."})");
}

TEST_F(Facts, HardwareAsLshwTellsIt) {
  StandIn("lshw", "[ \"$*\" = '-json -quiet -sanitize' ] && echo '{\"id\": \"computer\", \"class\": \"system\"}'\n");
  EXPECT_EQ(TextOf(box.Ask("GET-HW-INFO")), R"({"hw_info":{"id":"computer","class":"system"}})");
}

TEST_F(Facts, HardwareOfVersionsThatPrintSeveralObjects) {
  for (const char* text : {R"({"id":"a"}{"id":"b"})", R"({"id":"a"},\n{"id":"b"})", R"({"id":"a"}\n\n{"id":"b"}\n)",
                           R"([{"id":"a"},{"id":"b"}])"}) {
    StandIn("lshw", fmt::format("printf '{}'\n", text));
    EXPECT_EQ(TextOf(box.Ask("GET-HW-INFO")), R"({"hw_info":[{"id":"a"},{"id":"b"}]})") << text;
  }
}

TEST_F(Facts, HardwareThatCannotBeReadIsAnError) {
  const std::string error = "error: Unable to read hardware info";
  for (const char* body :
       {"exit 1\n", "exit 0\n", "echo WARNING: run this as root\n", "printf '{\"a\": 1}{'\n", "echo '{\"a\": 1'\n",
        "echo '{\"a\": 1} {\"b\": 1e400}'\n", "printf '{\"a\": 1} x'\n", "kill -9 $$\n"}) {
    StandIn("lshw", body);
    EXPECT_EQ(TextOf(box.Ask("GET-HW-INFO")), error) << body;
  }
  StandIn("lshw", "i=0; while [ $i -lt 200 ]; do printf '['; i=$((i+1)); done\n");
  EXPECT_EQ(TextOf(box.Ask("GET-HW-INFO")), error) << "nested too deeply";
}

TEST_F(Facts, HardwareWithNamesThatAreNoUtf8) {
  StandIn("lshw", "printf '{\"product\": \"stick \\377\\\\u0000\"}'\n");
  EXPECT_THAT(TextOf(box.Ask("GET-HW-INFO")), HasSubstr("stick \xEF\xBF\xBD"));
}

TEST_F(Facts, ManyWhoAskForTheHardwareShareOneRun) {
  StandIn("lshw", fmt::format("echo x >> {0}/runs\nwhile [ ! -e {0}/go ]; do sleep 0.02; done\necho '{{}}'\n",
                              box.root.Directory()));
  box.Use();
  std::vector<std::thread> askers;
  std::atomic<int> good = 0, asking = 0;
  for (int i = 0; i < 4; ++i) {
    askers.emplace_back([&] {
      ++asking;
      if (TextOf(box.Ask("GET-HW-INFO")) == R"({"hw_info":{}})") ++good;
    });
  }
  while (asking < 4 || !Look(box.root.Path("/runs"))) std::this_thread::yield();
  box.Write(box.root.Path("/go"), "");
  for (std::thread& asker : askers) asker.join();
  EXPECT_EQ(good, 4);
  EXPECT_LE(ReadFile(box.root.Path("/runs"))->size(), 8U) << "who comes after the end begins a second run";
}

TEST_F(Facts, RemovableDisks) {
  StandIn("lsblk", R"(cat <<'END'
{"blockdevices": [
  {"path": "/dev/sda", "type": "disk", "rm": true, "size": 31914983424, "tran": "usb", "maj:min": "1000:0", "mountpoint": null,
   "children": [{"path": "/dev/sda1", "type": "part", "rm": true, "size": 5, "tran": null, "maj:min": "1000:1", "mountpoint": "/media/usb0"}]},
  {"path": "/dev/sdb", "type": "disk", "rm": false, "size": 100, "tran": "usb", "maj:min": "1000:16", "mountpoint": null},
  {"path": "/dev/sdc", "type": "disk", "rm": true, "size": 0, "tran": "usb", "maj:min": "1000:32", "mountpoint": null},
  {"path": "/dev/sdd", "type": "disk", "rm": false, "size": 100, "tran": "sata", "maj:min": "1000:48", "mountpoint": null},
  {"path": "/dev/sde", "type": "disk", "rm": true, "size": 100, "tran": "usb", "maj:min": "1000:64", "mountpoint": null,
   "children": [{"path": "/dev/sde1", "type": "part", "rm": true, "size": 5, "tran": null, "maj:min": "1000:65", "mountpoint": "/boot/firmware"}]},
  {"path": "/dev/sdf", "type": "disk", "rm": true, "size": 100, "tran": "usb", "maj:min": "1000:80", "mountpoint": "/library"},
  {"path": "/dev/sdg", "type": "disk", "rm": true, "size": 100, "tran": "usb", "maj:min": "1000:96", "mountpoint": "/"},
  {"path": "/dev/sdh", "type": "disk", "rm": true, "size": 100, "tran": "usb", "maj:min": "1000:112", "mountpoint": "[SWAP]"},
  {"path": "/dev/sdi1", "type": "part", "rm": true, "size": 100, "tran": "usb", "maj:min": "1000:128", "mountpoint": null}
]}
END
)");
  EXPECT_EQ(TextOf(box.Ask("GET-REM-DEV-LIST")), R"({"/dev/sda":"31914983424","/dev/sdb":"100"})");
  StandIn("lsblk", "echo '{\"blockdevices\": []}'\n");
  EXPECT_EQ(TextOf(box.Ask("GET-REM-DEV-LIST")), "{}");
  StandIn("lsblk", "exit 1\n");
  EXPECT_EQ(TextOf(box.Ask("GET-REM-DEV-LIST")), "error: Unable to list removable devices");
}

}  // namespace
}  // namespace cmdsrv
