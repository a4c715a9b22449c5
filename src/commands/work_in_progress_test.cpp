#include "commands/work_in_progress.hpp"

#include <gtest/gtest.h>

namespace cmdsrv {
namespace {

json::object Zims(const std::string& message) { return ZimsInProgress({{CommandId{1}, message}}); }

TEST(WorkInProgress, InstallsAreDownloads) {
  const std::string expected = R"({"x":{"cmd":"INST-ZIMS","action":"DOWNLOAD","dest":"internal","source":"kiwix"}})";
  EXPECT_EQ(PrintJson(Zims(R"(INST-ZIMS {"zim_id": "x"})")), expected);
  EXPECT_EQ(PrintJson(Zims(R"(INST-ZIM {"zim_id": "x"})")), expected) << "as the Python program wrote it for presets";
}

TEST(WorkInProgress, CopiesGoInOrOut) {
  EXPECT_EQ(PrintJson(Zims(R"(COPY-ZIMS {"zim_id": "x", "dest": "internal", "source": "/media/usb0"})")),
            R"({"x":{"cmd":"COPY-ZIMS","action":"IMPORT","dest":"internal","source":"/media/usb0"}})");
  EXPECT_EQ(PrintJson(Zims(R"(COPY-ZIMS {"zim_id": "x", "dest": "/media/usb0", "source": "internal"})")),
            R"({"x":{"cmd":"COPY-ZIMS","action":"EXPORT","dest":"/media/usb0","source":"internal"}})");
}

TEST(WorkInProgress, OthersAndUnreadableOnesAreLeftOut) {
  for (const char* message : {"", "INST-ZIMS", "INST-ZIMS {", "INST-ZIMS {\"zim_id\": 5}", "TEST-JOB {\"steps\": [1]}"}) {
    EXPECT_TRUE(Zims(message).empty()) << message;
  }
}

}  // namespace
}  // namespace cmdsrv
