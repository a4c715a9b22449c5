// The real daemon takes over a database that the Python program wrote, and leaves it so that that program could go on.
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <set>

#include "base/time_text.hpp"
#include "daemon/python_database.hpp"
#include "support/ask.hpp"
#include "support/files.hpp"
#include "support/test_box.hpp"

namespace cmdsrv::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr long kJobs = 10'000;

class Takeover : public testing::Test {
 protected:
  ~Takeover() override {
    for (const pid_t pid : children_) {
      kill(pid, SIGKILL);
      waitpid(pid, nullptr, 0);
    }
  }

  /// Local time without a zone, as that program writes it, so many minutes ago.
  static std::string Ago(int minutes, bool microseconds = true) {
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    const auto time = now - std::chrono::minutes(minutes);
    return microseconds ? ToD1(time + std::chrono::microseconds(123'456)) : ToD1(time);
  }

  pid_t StartChild(const std::vector<const char*>& argv) {
    const pid_t pid = fork();
    if (pid == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      std::vector<char*> words;
      for (const char* word : argv) words.push_back(const_cast<char*>(word));
      words.push_back(nullptr);
      execv(words[0], words.data());
      _exit(127);
    }
    children_.push_back(pid);
    return pid;
  }

  static bool HasEnded(pid_t pid) {
    siginfo_t info{};
    return waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid;
  }

  /// 10,000 jobs of the last weeks, each its own Command, and some whose time has come.
  void InsertHistory(PythonDatabase& python) {
    const char* const statuses[] = {"SUCCEEDED", "FAILED", "CANCELLED"};
    python.Run("BEGIN");
    for (long id = 1; id <= kJobs; ++id) {
      const std::string when = Ago(static_cast<int>(kJobs - id + 100), id % 7 != 0);
      const char* message = id % 3 == 0   ? R"(INST-ZIM {"zim_id": "5f2a"})"
                            : id % 3 == 1 ? R"(INST-OER2GO-MOD {"moddir": "en-boundless"})"
                                          : "no Command at all {";
      python.InsertCommand(id, message, when);
      python.InsertJob({.id = id,
                        .command = id,
                        .output = id % 5 == 0 ? "caf\xe9 <b>" : "done\n",
                        .status = statuses[id % 3],
                        .created = when,
                        .updated = when});
    }
    python.Run("COMMIT");
  }

  /// What no program should have written and some did: all at ids above the history.
  void InsertOddRows(PythonDatabase& python) {
    long id = kJobs;
    python.InsertCommand(++id, "CHGPW ***", Ago(50));
    python.Run(fmt::format("INSERT INTO jobs (rowid, cmd_rowid) VALUES ({}, {})", id, id));  // all NULL
    python.InsertCommand(++id, "GET-NOTHING", "yesterday");
    python.InsertJob({.id = id, .command = id, .created = "yesterday", .updated = ""});
    python.InsertCommand(++id, "LIST-LIBR {}", Ago(49));
    python.InsertJob({.id = id, .command = id, .status = "SLEEPING", .created = Ago(49), .updated = Ago(48)});
    python.InsertJob({.id = ++id, .command = 999'999, .created = Ago(48), .updated = Ago(48)});  // no such Command
    python.Run(fmt::format("INSERT INTO commands (rowid) VALUES ({})", ++id));
    python.Run(
        fmt::format("INSERT INTO jobs (rowid, cmd_rowid, job_status, job_output, create_datetime) VALUES"
                    " ({}, {}, 'FAILED', x'00ff41', 17)",
                    id, id));
  }

  std::string Database() const { return box_.Path("/opt/admin/cmdsrv/cmdsrv.0.3.db"); }

  /// Every row of GET-JOB-STAT, paged like the console pages.
  std::map<long long, json::object> ReadAllPages(const std::string& socket) {
    std::map<long long, json::object> rows;
    long long below = 1;
    for (int page = 0; page < 1000; ++page) {
      const auto reply = Ask(socket, fmt::format(R"(GET-JOB-STAT {{"last_rowid": {}}})", below));
      EXPECT_TRUE(reply && reply->is_array()) << (reply ? PrintJson(*reply) : reply.error().message);
      if (!reply || !reply->is_array() || reply->get_array().empty()) return rows;
      for (const json::value& row : reply->get_array()) {
        below = row.at("job_id").as_int64();
        EXPECT_TRUE(rows.emplace(below, row.as_object()).second) << "row " << below << " came twice";
      }
      if (below == 1) return rows;  // asking below 1 means: from the newest on
    }
    return rows;
  }

  TestBox box_{SmallBox()};
  std::vector<pid_t> children_;
};

TEST_F(Takeover, ShowsTheWholeHistoryAndGivesNoIdAgain) {
  {
    PythonDatabase python(Database());
    InsertHistory(python);
    InsertOddRows(python);
  }
  Daemon daemon = box_.StartDaemon();
  const auto rows = ReadAllPages(daemon.Socket());
  EXPECT_EQ(rows.size(), static_cast<std::size_t>(kJobs) + 4) << "one job has no Command";
  for (const auto& [id, row] : rows) {
    ASSERT_TRUE(row.at("job_output").is_string()) << id;
    ASSERT_TRUE(row.at("job_command").is_string()) << id;
    ASSERT_TRUE(row.at("create_datetime").is_string()) << id;
    ASSERT_GE(row.at("elapsed_sec").as_int64(), 0) << id;
  }
  EXPECT_EQ(rows.at(5).at("job_output").as_string(), "caf\xef\xbf\xbd &lt;b&gt;");
  for (const long id : {7L, 8L}) {  // without and with microseconds
    EXPECT_EQ(rows.at(id).at("create_datetime").as_string().size(), std::string_view("MM-DD hh:mm").size()) << id;
  }
  const auto all_null = rows.at(kJobs + 1);
  EXPECT_EQ(all_null.at("job_output").as_string(), "");
  EXPECT_EQ(rows.at(kJobs + 3).at("job_status").as_string(), "FAILED") << "the console knows six statuses";

  const auto scheduled = AskText(daemon.Socket(), R"(TEST-JOB {"steps": [0]})");
  ASSERT_TRUE(scheduled);
  EXPECT_THAT(*scheduled, HasSubstr(fmt::format("Job  {} Scheduled", kJobs + 6)));
  ASSERT_TRUE(WaitUntil(
      [&] { return !ReadJobs(daemon.Socket())->empty() && IsFinal(ReadJobs(daemon.Socket())->back()); }, seconds(10)));

  // And back: that program finds its tables, its rows and the new ones.
  const auto ended = daemon.Terminate();
  ASSERT_TRUE(ended && ended->exited && ended->status == 0);
  PythonDatabase python(Database());
  const auto page = python.GetJobStat(1'000'000);
  ASSERT_EQ(page.size(), 50U);
  EXPECT_EQ(page[0][0], std::to_string(kJobs + 6));
  EXPECT_EQ(page[0][3], "SUCCEEDED");
  EXPECT_EQ(page[0][8], R"(TEST-JOB {"steps": [0]})");
  EXPECT_NE(page[0][4], "None") << "its dates can be read";
  EXPECT_THAT(python.JobsToRecover(), IsEmpty());
  EXPECT_EQ(python.HighestJob(), kJobs + 6);
  python.InsertCommand(900'000, "TEST {}", Ago(0));
  python.InsertJob({.id = 900'000, .command = 900'000, .status = "SCHEDULED", .created = Ago(0), .updated = Ago(0)});
  python.EndJob(900'000, "SUCCEEDED", Ago(0));

  // And here again.
  ASSERT_TRUE(daemon.Restart());
  const auto next = AskText(daemon.Socket(), R"(TEST-JOB {"steps": [0.25]})");
  ASSERT_TRUE(next);
  EXPECT_THAT(*next, HasSubstr("Job  900001 Scheduled"));
}

TEST_F(Takeover, EndsWhatThatProgramLeftRunningAndNothingElse) {
  const pid_t download = StartChild({"/bin/sh", "-c", "sleep 1000 & wait; true", "x.zim"});
  const pid_t stranger = StartChild({"/bin/sleep", "1000"});
  {
    PythonDatabase python(Database());
    python.InsertCommand(1, R"(INST-ZIMS {"zim_id": "5f2a"})", Ago(5));
    python.InsertCommand(2, R"(INST-ZIM {"zim_id": "5f2b"})", Ago(5));
    python.InsertCommand(3, "DO-SOMETHING", Ago(5));
    python.InsertCommand(4, "TEST-JOB {", Ago(5));
    const auto insert = [&](long id, long command, const char* status, pid_t pid, const char* program, long after,
                            bool more) {
      python.InsertJob({.id = id,
                        .command = command,
                        .step = after > 0 ? 2 : 1,
                        .after = after,
                        .has_dependent = more,
                        .program = program,
                        .pid = pid,
                        .status = status,
                        .created = Ago(5),
                        .updated = Ago(4, false)});
    };
    insert(1, 1, "STARTED", download, "/bin/sh -c 'sleep 1000 & wait; true' x.zim", -1, true);
    insert(2, 1, "SCHEDULED", 0, "scripts/zim_install_move.sh x.zim", 1, false);
    insert(3, 2, "RESTARTED", stranger, "/usr/bin/wget -c http://x/y.zim", -1, false);
    insert(4, 3, "SCHEDULED", 0, "scripts/thing.sh", -1, true);
    insert(5, 3, "SCHEDULED", 0, "scripts/thing.sh", 4, false);
    insert(6, 4, "STARTED", 0x7ffffff0, "sleep 10", -1, false);
    insert(7, 1, "SUCCEEDED", 0, "true", -1, true);
    insert(8, 1, "SCHEDULED", 0, "/usr/bin/iiab-make-kiwix-lib", 7, false);
    insert(9, 1, "SCHEDULED", 0, "/usr/bin/iiab-make-kiwix-lib", 77, false);  // after one that is not there
  }
  Daemon daemon = box_.StartDaemon();
  ASSERT_TRUE(WaitUntil([&] { return HasEnded(download); }, seconds(10)));
  const auto jobs = WaitForJobs(daemon.Socket(), 9, seconds(10));
  ASSERT_TRUE(jobs) << jobs.error().message;
  for (const JobRow& job : *jobs) {
    EXPECT_EQ(job.status, job.id == 7 ? "SUCCEEDED" : "CANCELLED") << Describe({job});
    EXPECT_TRUE(job.id == 7 || !job.output.empty()) << "job " << job.id << " does not say why";
  }
  EXPECT_FALSE(HasEnded(stranger)) << "its pid was in the database, and it is not that program";
  EXPECT_TRUE(WaitUntil(
      [&] {
        for (const ProcessFacts& process : ProcessesAbout("1000")) {
          if (process.command == "sleep 1000 " && process.pid != stranger && process.ours) return false;
        }
        return true;
      },
      seconds(10)))
      << "the child of the download is left";
  const auto zims = Ask(daemon.Socket(), "GET-ZIM-STAT");
  ASSERT_TRUE(zims);
  EXPECT_EQ(PrintJson(zims->at("WIP")), "{}");
}

}  // namespace
}  // namespace cmdsrv::test
