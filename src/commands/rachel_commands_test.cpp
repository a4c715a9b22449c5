#include <gtest/gtest.h>

#include "commands/fake_box.hpp"

namespace cmdsrv {
namespace {

TEST(RachelCommands, NormallyThereIsNone) {
  FakeBox box;
  EXPECT_EQ(TextOf(box.Ask("GET-RACHEL-STAT")), R"({"status":"NOT-INSTALLED","content_installed":false})");
  box.Write(box.settings.iiab_ini_file, "[rachel]\nenabled = False\n");
  EXPECT_EQ(TextOf(box.Ask("GET-RACHEL-STAT")), R"({"status":"INSTALLED","content_installed":false})");
}

TEST(RachelCommands, ModulesByTitleOrName) {
  FakeBox box;
  box.Write(box.settings.iiab_ini_file, "[rachel]\nenabled = True\nrachel_content_path = /library/rachel/www\n");
  const std::string rachel = box.root.Path("/library/rachel/www/");
  for (const char* directory : {"modules/a", "modules.out/b"}) ASSERT_TRUE(MakeDirectories(rachel + directory));
  box.Write(rachel + "index.php", "<?php ?>");
  box.Write(rachel + "modules/a/index.htmlf", "<h2>Wells</h2>");
  EXPECT_EQ(TextOf(box.Ask("GET-RACHEL-STAT")),
            fmt::format(R"({{"status":"ENABLED","content_installed":true,"enabled":{{)"
                        R"("b":{{"path":"{0}modules.out/b","enabled":false}},)"
                        R"("Wells":{{"path":"{0}modules/a","enabled":true}}}}}})",
                        rachel));
}

}  // namespace
}  // namespace cmdsrv
