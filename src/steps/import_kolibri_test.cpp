#include <gmock/gmock.h>

#include "support/databases.hpp"
#include "support/files.hpp"
#include "support/mounts.hpp"
#include "support/steps.hpp"
#include "support/test_box.hpp"

/// import-kolibri with a stand-in for Kolibri and a real database: what does not fit is not begun.
namespace cmdsrv::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kChannel = "c9d7f950ab6b5a1199e3d6c10d7f0103";

/// Takes the options of setpriv, runs what stands behind them.
constexpr const char* kSetpriv = R"(#!/bin/sh
while [ "$1" != -- ]; do shift; done
shift
exec "$@"
)";

class ImportKolibri : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    static const bool entered = EnterMountNamespace();
    ASSERT_TRUE(entered) << "this test needs the right to make a mount namespace";
  }
  ImportKolibri() {
    OrThrow(MakeDirs(box.Path("/library/kolibri")));
    box.StandIn("setpriv", kSetpriv);
    Kolibri("");
  }

  TestBox box;
  const std::string database = box.Path("/library/kolibri/db.sqlite3");

  /// Records its calls; `content` is what it does for importcontent.
  void Kolibri(const std::string& content) {
    box.StandIn("kolibri", fmt::format("#!/bin/sh\necho \"$*\" >> {}/var/lib/box/calls/kolibri\n"
                                       "[ \"$2\" = importcontent ] || exit 0\n{}\n",
                                       box.Root(), content));
  }
  /// The channel has so many bytes, of which so many are there.
  void Know(const std::string& published, const std::string& available) const {
    MakeDatabase(database, fmt::format("CREATE TABLE content_channelmetadata (id TEXT, published_size INTEGER);"
                                       "INSERT INTO content_channelmetadata VALUES ('{0}', {1});"
                                       "CREATE TABLE content_localfile (id TEXT, file_size INTEGER, available INTEGER);"
                                       "CREATE TABLE content_file (local_file_id TEXT, contentnode_id TEXT);"
                                       "CREATE TABLE content_contentnode (id TEXT, channel_id TEXT);"
                                       "INSERT INTO content_localfile VALUES ('f', {2}, 1), ('g', 999999999999999, 0);"
                                       "INSERT INTO content_contentnode VALUES ('n', '{0}'), ('m', '{0}');"
                                       "INSERT INTO content_file VALUES ('f', 'n'), ('f', 'm'), ('g', 'm')",
                                       kChannel, published, available));
  }
  RunEnd Import(std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"import-kolibri", kChannel});
    return RunStep(box.Root(), more);
  }
  bool IsImported() const { return box.CallsOf("kolibri").find("importcontent") != std::string::npos; }
};

TEST_F(ImportKolibri, WhatDoesNotFitIsNotBegun) {
  Know("1000000000000000", "0");
  const RunEnd end = Import();
  EXPECT_EQ(end.status, 1) << end.output;
  EXPECT_THAT(end.output,
              HasSubstr(fmt::format("there is not enough space for the channel {}: 955T are needed, and ", kChannel)));
  EXPECT_FALSE(IsImported());
  EXPECT_EQ(Import({"--node", kChannel}).status, 0) << "nobody knows how large a part is";
}

TEST_F(ImportKolibri, WhatIsThereNeedsNoSpace) {
  Know("1000000000000000", "999999999999000");
  const RunEnd end = Import();
  EXPECT_EQ(end.status, 0) << end.output;
  EXPECT_TRUE(IsImported());
}

TEST_F(ImportKolibri, DatabaseThatDoesNotSayIsNoObstacle) {
  for (const char* size : {"NULL", "0", "-5", "'many'"}) {
    Know(size, "0");
    EXPECT_EQ(Import().status, 0) << size;
  }
  MakeDatabase(database, "CREATE TABLE other (id TEXT)");
  EXPECT_EQ(Import().status, 0);
  OrThrow(WriteText(database, "no database"));
  EXPECT_EQ(Import().status, 0);
}

TEST_F(ImportKolibri, LeavesTheSystemWhatItKeeps) {
  ASSERT_TRUE(MountSmall(box.Root(), 40 * 1024));
  box.Configure({{"root_reserve_mb", 16}});
  // Without an end of its own: the step has to end it.
  Kolibri(fmt::format("head -c 30000000 /dev/zero > {}/library/kolibri/content\nexec sleep 1000", box.Root()));
  const RunEnd end = Import();
  EXPECT_EQ(end.status, 1) << end.output;
  EXPECT_THAT(end.output, HasSubstr("kolibri manage importcontent was ended: less than 16 MB are free"));
  Kolibri("");
  EXPECT_THAT(Import().output, Not(HasSubstr("was ended"))) << "it is not even begun";
  Unmount(box.Root());
}

}  // namespace
}  // namespace cmdsrv::test
