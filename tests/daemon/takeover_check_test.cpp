// The check before taking over from the Python program, by the real program on a tree of that program in a folder.
#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>

#include "daemon/python_database.hpp"
#include "support/daemon.hpp"
#include "support/run.hpp"
#include "support/scratch.hpp"

namespace cmdsrv::test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

class TakeoverCheck : public ::testing::Test {
 protected:
  TakeoverCheck() {
    for (const char* folder : {"/opt/admin/cmdsrv/presets/small", "/opt/admin/cmdsrv/presets/large", "/usr/bin", "/run",
                               "/etc/systemd/system"})
      fs::create_directories(scratch_.Path() + folder);
    Write("/etc/passwd", "root:x:0:0:root:/root:/bin/bash\nwww-data:x:33:33::/var/www:/bin/false\n");
    Write("/etc/group", "root:x:0:\nwww-data:x:33:\n");
    Write("/opt/admin/cmdsrv/cmdsrv.conf", R"({"cmdsrv_conf": {"apache_user": "www-data"}})");
    Write("/etc/systemd/system/iiab-cmdsrv.service", "[Service]\nType=forking\n");
    for (const char* name : {"iiab-cmdsrv-ctl", "iiab-update-menus", "iiab-cmdsrv", "iiab-make-kiwix-lib"})
      Write("/usr/bin/" + std::string(name), "#!/usr/bin/python3\n");
    PythonDatabase python(Database());
    for (const long id : {1, 2, 3}) python.InsertCommand(id, "TEST-JOB", "2026-05-01 12:00:00");
    python.InsertJob({.id = 1, .command = 1});
    python.InsertJob({.id = 2, .command = 2, .status = "SCHEDULED"});
    python.InsertJob({.id = 3, .command = 2, .status = "SCHEDULED"});
    python.InsertJob({.id = 4, .command = 3, .status = "STARTED"});
  }

  void Write(const std::string& path, std::string_view text) { Spit(scratch_.Path() + path, text); }
  std::string Database() const { return scratch_ / "opt/admin/cmdsrv/cmdsrv.0.3.db"; }

  struct Answer {
    int status;
    std::string text;
  };
  Answer Check() {
    const RunEnd end = RunTool({BuiltProgram("bin/iiab-cmdsrv"), "--check-takeover", "--root", scratch_.Path()});
    return {end.status, end.output};
  }

  ScratchDirectory scratch_;
};

TEST_F(TakeoverCheck, SaysWhatItWillDoAndDoesNothing) {
  const std::string before = Slurp(Database());
  const Answer answer = Check();
  EXPECT_EQ(answer.status, 0) << answer.text;
  for (const char* act :
       {"cmdsrv.conf is used as it is", "2 presets in", "belongs to the account www-data", "3 Commands and 4 jobs",
        "3 unfinished jobs become CANCELLED: what the Python program writes down is not enough to go on",
        "/etc/systemd/system/iiab-cmdsrv.service is set aside as /etc/systemd/system/iiab-cmdsrv.service.iiab-python",
        "/usr/bin/iiab-cmdsrv-ctl is set aside", "/usr/bin/iiab-update-menus is set aside",
        "Nothing is in the way.\nThe way back, at any time: apt remove"})
    EXPECT_THAT(answer.text, HasSubstr(act));
  for (const char* text : {"/usr/bin/iiab-make-kiwix-lib", "/usr/bin/iiab-cmdsrv is", "To know:"})
    EXPECT_THAT(answer.text, Not(HasSubstr(text)));
  EXPECT_EQ(Slurp(Database()), before);
  EXPECT_FALSE(fs::exists(Database() + "-wal"));
  EXPECT_FALSE(fs::exists(scratch_ / "var/lib/iiab-cmdsrv"));
}

TEST_F(TakeoverCheck, AServerThatRunsIsNamed) {
  Write("/run/iiab-cmdsrv.pid", std::to_string(getpid()) + "\n");
  EXPECT_THAT(Check().text, HasSubstr("pid " + std::to_string(getpid()) + ", is stopped"));
  Write("/run/iiab-cmdsrv.pid", "no number\n");
  EXPECT_THAT(Check().text, Not(HasSubstr("is stopped")));
}

TEST_F(TakeoverCheck, WhatWasSetAsideBeforeIsInTheWay) {
  Write("/usr/bin/iiab-update-menus.iiab-python", "older");
  const Answer answer = Check();
  EXPECT_EQ(answer.status, 1);
  EXPECT_THAT(answer.text, HasSubstr("In the way:\n  - /usr/bin/iiab-update-menus.iiab-python exists already"));
  EXPECT_THAT(answer.text, Not(HasSubstr("Nothing is in the way")));
}

TEST_F(TakeoverCheck, AnAccountThatIsNotThereIsInTheWay) {
  Write("/opt/admin/cmdsrv/cmdsrv.conf", R"({"cmdsrv_conf": {"apache_user": "apache"}})");
  const Answer answer = Check();
  EXPECT_EQ(answer.status, 1);
  EXPECT_THAT(answer.text, HasSubstr("There is no account apache"));
}

TEST_F(TakeoverCheck, AConfigurationThatCannotBeReadIsInTheWay) {
  Write("/opt/admin/cmdsrv/cmdsrv.conf", "{");
  const Answer answer = Check();
  EXPECT_EQ(answer.status, 1);
  EXPECT_THAT(answer.text, HasSubstr("In the way:\n  - cannot read "));
}

TEST_F(TakeoverCheck, WrongKeysAndDropInsAreRemarks) {
  Write("/opt/admin/cmdsrv/cmdsrv.conf", R"({"cmdsrv_conf": {"cmdsrv_no_workers": "many"}})");
  fs::create_directories(scratch_ / "etc/systemd/system/iiab-cmdsrv.service.d");
  Write("/etc/systemd/system/iiab-cmdsrv.service.d/own.conf", "[Service]\nPrivateTmp=yes\n");
  const Answer answer = Check();
  EXPECT_EQ(answer.status, 0);
  EXPECT_THAT(answer.text, HasSubstr("the key cmdsrv_no_workers"));
  EXPECT_THAT(answer.text, HasSubstr("iiab-cmdsrv.service.d/own.conf stays in force"));
}

TEST_F(TakeoverCheck, ADatabaseOfANewerServerIsInTheWay) {
  PythonDatabase(Database()).Run("pragma user_version = 999");
  const Answer answer = Check();
  EXPECT_EQ(answer.status, 1);
  EXPECT_THAT(answer.text, HasSubstr("newer Command Server (version 999"));
}

TEST_F(TakeoverCheck, ADamagedDatabaseIsARemark) {
  Spit(Database(), std::string(8192, 'x'));
  const Answer answer = Check();
  EXPECT_EQ(answer.status, 0);
  EXPECT_THAT(answer.text, HasSubstr("set aside beside itself"));
  EXPECT_EQ(Slurp(Database()), std::string(8192, 'x'));
}

TEST_F(TakeoverCheck, TablesOfSomebodyElseAreARemark) {
  PythonDatabase(Database()).Run("alter table jobs rename column opt_args_json to others");
  const Answer answer = Check();
  EXPECT_EQ(answer.status, 0);
  EXPECT_THAT(answer.text, HasSubstr("set aside beside itself"));
}

TEST_F(TakeoverCheck, AMissingOrEmptyDatabaseIsBegun) {
  fs::remove(Database());
  EXPECT_THAT(Check().text, HasSubstr("a new one is begun"));
  EXPECT_FALSE(fs::exists(Database()));
  Spit(Database(), "");
  EXPECT_THAT(Check().text, HasSubstr("0 Commands and 0 jobs"));
}

TEST_F(TakeoverCheck, WhereItIsInstalledIsNothingToTakeOver) {
  fs::create_directories(scratch_ / "usr/libexec");
  Write("/usr/libexec/iiab-cmdsrv-step", "");
  const Answer answer = Check();
  EXPECT_EQ(answer.status, 0);
  EXPECT_THAT(answer.text, HasSubstr("is installed already"));
  EXPECT_THAT(answer.text, Not(HasSubstr("set aside as")));
}

}  // namespace
}  // namespace cmdsrv::test
