#include "server/gates.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <set>
#include <stdexcept>

#include "base/log.hpp"

namespace cmdsrv {
namespace {

/// A board that hands out job numbers and remembers what it was given.
class FakeBoard final : public JobBoard {
 public:
  std::set<std::string> active;
  std::vector<std::pair<CommandRow, JobPlan>> submitted;
  std::optional<Error> refuses;
  Result<std::vector<JobId>> retried;
  std::optional<std::uint64_t> asked_since;
  JobChanges changes;
  JobEvents events{0};

  Result<Reservation> Reserve(std::string canonical) override {
    if (!active.insert(canonical).second) return Fail(ErrorCode::Duplicate, "internal text");
    return Reservation([this, canonical] { active.erase(canonical); }, canonical);
  }
  Result<std::vector<JobId>> Submit(CommandRow command, JobPlan plan, Reservation reservation) override {
    if (refuses) return Failure(*refuses);
    std::vector<JobId> ids;
    ids.reserve(plan.steps.size());
    for (std::size_t i = 0; i < plan.steps.size(); ++i) ids.push_back(JobId{next_++});
    submitted.emplace_back(std::move(command), std::move(plan));
    reserved_.push_back(std::move(reservation));
    return ids;
  }
  Result<CancelAnswer> Cancel(JobId) override { return CancelAnswer::WasScheduled; }
  Result<std::vector<JobId>> Retry(JobId) override { return retried; }
  JobChanges Changes(std::optional<std::uint64_t> since) override {
    asked_since = since;
    return changes;
  }
  JobEvents& Events() override { return events; }
  void SpaceFreed() override {}
  std::vector<SpaceClaim> SpaceClaims() const override { return {}; }
  ActiveSummary Active() const override { return {}; }
  std::vector<UnfinishedCommand> Unfinished() const override { return {}; }
  Result<std::vector<JobView>> List(const Store::ListQuery&) override { return std::vector<JobView>{}; }
  Result<JobView> Find(JobId) override { return JobView{}; }
  Result<LogPiece> ReadLog(JobId, std::uint64_t, std::size_t) override { return LogPiece{}; }

 private:
  std::int64_t next_ = 41;
  std::vector<Reservation> reserved_;
};

class FakeStore final : public Store {
 public:
  std::vector<CommandRow> logged;

  CommandId NextCommandId() override { return CommandId{next_++}; }
  std::vector<JobId> NextJobIds(std::size_t) override { return {}; }
  void PassOverJobIds(JobId) override {}
  void LogCommand(CommandRow row) override { logged.push_back(std::move(row)); }
  Result<void> InsertGroup(CommandRow, std::vector<JobRow>) override { return {}; }
  void Update(std::vector<JobUpdate>, Durability, Done) override {}
  Result<std::vector<JobRow>> Unfinished() override { return std::vector<JobRow>{}; }
  Result<std::vector<JobRow>> List(const ListQuery&) override { return std::vector<JobRow>{}; }
  Result<JobRow> Find(JobId) override { return JobRow{}; }
  Result<std::vector<JobRow>> Group(CommandId) override { return std::vector<JobRow>{}; }
  void Prune(Pruned) override {}
  void Close() override {}

 private:
  std::int64_t next_ = 1;
};

Result<Outcome> Say(const Arguments& arguments, Services&) {
  return Answer(json::value(json::object{{"said", std::string(arguments.Text("word").value_or("nothing"))}}));
}
Result<Outcome> Fails(const Arguments& arguments, Services&) {
  const auto code = arguments.Integer("code").value_or(0);
  if (code == 1) return Fail(ErrorCode::Io, "cannot open /secret/place: no such file");
  if (code == 2) throw std::runtime_error("a bug with a secret");
  if (code == 3) throw 42;
  return Fail(ErrorCode::Refused, "Not today.");
}
Result<Outcome> Plans(const Arguments& arguments, Services&) {
  JobPlan plan;
  for (int i = 0; i < arguments.Integer("steps").value_or(2); ++i) plan.steps.emplace_back().argv = {"/bin/true"};
  return plan;
}
Result<Outcome> Waits(const Arguments&, Services&) { return EventWait{7, std::chrono::seconds(3)}; }
Result<Outcome> Dallies(const Arguments& arguments, Services&) {
  if (arguments.Text("word") == "no") return Late{Fail(ErrorCode::Refused, "Not you."), std::chrono::seconds(2)};
  return Late{Answer(Success{"Late"}), std::chrono::seconds(4)};
}
Result<Outcome> Refuses(const Arguments&, Services&) { return Fail(ErrorCode::Refused, "There is no space."); }

constexpr std::array kWord = {Parameter{.name = "word", .type = Type::Text, .need = Need::Required}};
constexpr std::array kCode = {Parameter{.name = "code", .type = Type::Integer, .need = Need::Optional}};
constexpr std::array kSteps = {Parameter{.name = "steps", .type = Type::Integer, .need = Need::Optional}};

// clang-format off
constexpr CommandRowInfo kRows[] = {
    {"AUTH",   Caller::Gateway, Needs::Nothing,  Log::Never, Makes::Answers, Lane::Quick, kWord,  Say,     ""},
    {"POLL",   Caller::Console, Needs::Nothing,  Log::Poll,  Makes::Answers, Lane::Quick, {},     Waits,   ""},
    {"BAD",    Caller::Console, Needs::Nothing,  Log::Whole, Makes::Answers, Lane::Quick, kSteps, Plans,   ""},
    {"DALLY",  Caller::Console, Needs::Nothing,  Log::Verb,  Makes::Answers, Lane::Quick, kWord,  Dallies, ""},
    {"FAILS",  Caller::Console, Needs::Nothing,  Log::Whole, Makes::Answers, Lane::Quick, kCode,  Fails,   ""},
    {"HIDDEN", Caller::Console, Needs::Nothing,  Log::Verb,  Makes::Jobs,    Lane::Quick, kSteps, Plans,   ""},
    {"JOBS",   Caller::Console, Needs::Nothing,  Log::Whole, Makes::Jobs,    Lane::Quick, kSteps, Plans,   ""},
    {"NET",    Caller::Console, Needs::Internet, Log::Whole, Makes::Jobs,    Lane::Slow,  kSteps, Plans,   ""},
    {"NOJOB",  Caller::Console, Needs::Nothing,  Log::Whole, Makes::Jobs,    Lane::Quick, {},     Refuses, ""},
    {"ROOT",   Caller::Root,    Needs::Nothing,  Log::Whole, Makes::Answers, Lane::Quick, kWord,  Say,     ""},
    {"SAY",    Caller::Console, Needs::Nothing,  Log::Whole, Makes::Answers, Lane::Quick, kWord,  Say,     ""},
    {"SECRET", Caller::Console, Needs::Nothing,  Log::Verb,  Makes::Answers, Lane::Quick, kWord,  Say,     ""},
};
// clang-format on

const CommandRowInfo* FindRow(std::string_view verb) {
  const auto* row = std::ranges::find(kRows, verb, &CommandRowInfo::verb);
  return row == std::end(kRows) ? nullptr : row;
}

std::string g_log;  // all lines of one test

class GatesTest : public testing::Test {
 protected:
  GatesTest() {
    g_log.clear();
    log::SetSink([](log::Level, std::string_view, std::string&& text) { g_log.append(text).append("\n"); });
  }

  std::string Ask(std::string_view text, Peer peer = {33, 33, 4711}) {
    return gates_.Pass({{}, peer, Lane::Quick, std::string(text)}).reply;
  }
  std::vector<std::string> Logged() const {
    std::vector<std::string> messages;
    messages.reserve(store_.logged.size());
    for (const CommandRow& row : store_.logged) messages.push_back(row.message);
    return messages;
  }
  static bool IsLogged(std::string_view text) { return g_log.find(text) != std::string::npos; }

  Settings settings_;
  Root root_;
  ManualClock clock_;
  FakeBoard board_;
  FakeStore store_;
  HealthBoard health_;
  KiwixCatalogCache zim_catalog_{"/nonexistent"};
  LibraryCache library_{"/nonexistent"};
  SharedRun refresh_;
  ContentServices content_{settings_};
  ServerStats stats_;
  AccountGate accounts_{settings_, root_, clock_};
  BoxServices box_{settings_, root_, {}};
  ConfigServices config_{settings_};
  InternetProbe probe_{"127.0.0.1", 1};
  NetworkServices network_{settings_, root_, health_, probe_, -1};
  Services services_{.settings = settings_,
                     .root = root_,
                     .clock = clock_,
                     .jobs = board_,
                     .health = health_,
                     .zim_catalog = zim_catalog_,
                     .library = library_,
                     .catalog_refresh = refresh_,
                     .content = content_,
                     .stats = stats_,
                     .accounts = accounts_,
                     .box = box_,
                     .config = config_,
                     .network = network_,
                     .adm_conf = nullptr,
                     .started = {}};
  bool internet_ = true;
  int probes_ = 0;
  Gates gates_{{.services = services_,
                .store = store_,
                .peers = {.web_uid = 33, .own = {}},
                .internet =
                    [this] {
                      ++probes_;
                      return internet_;
                    },
                .find = FindRow}};
};

TEST_F(GatesTest, AnswersAndRecords) {
  EXPECT_EQ(Ask("SAY {\"word\": \"hello\"}"), R"({"said":"hello"})");
  ASSERT_EQ(store_.logged.size(), 1U);
  EXPECT_EQ(store_.logged[0].message, "SAY {\"word\": \"hello\"}");
  EXPECT_EQ(store_.logged[0].created, clock_.wall);
  EXPECT_TRUE(IsLogged("uid 33, pid 4711"));
}

TEST_F(GatesTest, UnknownCommandsLeaveNoTrace) {
  const std::string long_verb = "CHGPWD-" + std::string(50, 'X');
  EXPECT_EQ(Ask("CHGPWD {\"newpasswd\": \"hunter2\"}"), R"({"Error": "Unknown Command"})");
  EXPECT_EQ(Ask("chgpw {\"newpasswd\": \"hunter2\"}"), R"({"Error": "Unknown Command"})");
  EXPECT_EQ(Ask("SAY\n{\"newpasswd\":\"hunter2\"}"), R"({"Error": "Unknown Command"})");
  EXPECT_EQ(Ask("SAY\n{\"word\": \"hunter2\"}"), R"({"Error": "Unknown Command"})");
  EXPECT_EQ(Ask(long_verb + " {}"), R"({"Error": "Unknown Command"})");
  EXPECT_EQ(Ask(""), R"({"Error": "Unknown Command"})");
  EXPECT_TRUE(store_.logged.empty());
  EXPECT_FALSE(IsLogged("newpasswd"));
  EXPECT_FALSE(IsLogged("hunter2"));
  EXPECT_FALSE(IsLogged(long_verb));
  EXPECT_TRUE(IsLogged("Unknown Command CHGPWD"));
}

TEST_F(GatesTest, MalformedCommandsAreNotRecorded) {
  for (const char* text : {"SAY {", "SAY [1]", "SAY 5", "SECRET {\"word\": \"hunter2\""}) {
    EXPECT_EQ(Ask(text), fmt::format(R"({{"Error": "Malformed Command {}."}})", VerbOf(text)));
  }
  EXPECT_EQ(Ask(" SAY"), R"({"Error": "Malformed Command ."})");
  EXPECT_TRUE(store_.logged.empty());
  EXPECT_FALSE(IsLogged("hunter2"));
}

TEST_F(GatesTest, ArgumentsAreCheckedBeforeTheHandler) {
  EXPECT_EQ(Ask("SAY"), R"({"Error": "Malformed Command SAY."})");
  EXPECT_EQ(Ask("SAY {\"word\": []}"), R"({"Error": "Malformed Command SAY."})");
  EXPECT_EQ(Logged(), (std::vector<std::string>{"SAY", "SAY {\"word\": []}"}));
}

TEST_F(GatesTest, SensitiveVerbsAreMaskedEverywhere) {
  EXPECT_EQ(Ask("SECRET {\"word\": \"hunter2\"}"), R"({"said":"hunter2"})");
  EXPECT_EQ(Ask("SECRET {\"ward\": \"hunter2\"}"), R"({"Error": "Malformed Command SECRET."})");
  EXPECT_EQ(Ask("AUTH {\"word\": \"hunter2\"}"), R"({"said":"hunter2"})");
  EXPECT_EQ(Logged(), (std::vector<std::string>{"SECRET ***", "SECRET ***"}));
  EXPECT_TRUE(IsLogged("received SECRET ***"));
  EXPECT_FALSE(IsLogged("AUTH"));
  EXPECT_FALSE(IsLogged("hunter2"));
}

TEST_F(GatesTest, CallersAreChecked) {
  EXPECT_EQ(Ask("ROOT {\"word\": \"x\"}"), R"({"Error": "Only root may use this Command. ROOT."})");
  EXPECT_EQ(Ask("ROOT {\"word\": \"x\"}", {0, 0, 1}), R"({"said":"x"})");
  EXPECT_EQ(store_.logged.size(), 1U);
}

TEST_F(GatesTest, ErrorsBecomeReplies) {
  EXPECT_EQ(Ask("FAILS"), R"({"Error": "Not today. FAILS."})");
  EXPECT_EQ(Ask("FAILS {\"code\": 1}"), R"({"Error": "Unexpected error in Command FAILS"})");
  EXPECT_EQ(Ask("FAILS {\"code\": 2}"), R"({"Error": "Unexpected error in Command FAILS"})");
  EXPECT_EQ(Ask("FAILS {\"code\": 3}"), R"({"Error": "Unexpected error in Command FAILS"})");
  EXPECT_TRUE(IsLogged("Not today."));
  EXPECT_TRUE(IsLogged("cannot open /secret/place"));
  EXPECT_TRUE(IsLogged("unexpected error: a bug with a secret"));
  EXPECT_TRUE(IsLogged("unexpected error of unknown kind"));
  EXPECT_EQ(store_.logged.size(), 4U);
}

TEST_F(GatesTest, PlansBecomeJobs) {
  EXPECT_EQ(Ask("JOBS {\"steps\": 3}"), R"({"Success": "Job  43 Scheduled."})");
  ASSERT_EQ(board_.submitted.size(), 1U);
  EXPECT_EQ(board_.submitted[0].first.message, "JOBS {\"steps\": 3}");
  EXPECT_EQ(board_.submitted[0].second.steps.size(), 3U);
  EXPECT_TRUE(store_.logged.empty()) << "the board records Commands with jobs";
  EXPECT_EQ(board_.active, (std::set<std::string>{"JOBS {\"steps\":3}"}));
}

TEST_F(GatesTest, DuplicatesAreRefusedWhateverTheirSpelling) {
  Ask("JOBS {\"steps\": 1, \"x\": \"a\"}");
  EXPECT_EQ(Ask("JOBS  {\"x\":\"a\",\"steps\":1}"), R"({"Error": "JOBS  {x:a,steps:1} duplicates an Active Command"})");
  EXPECT_EQ(board_.submitted.size(), 1U);
  EXPECT_TRUE(store_.logged.empty());
}

TEST_F(GatesTest, WhatNobodyReadsMakesNoOtherCommand) {
  Ask("JOBS {\"steps\": 1}");
  EXPECT_THAT(Ask("JOBS {\"steps\": 1, \"n\": 2}"), testing::HasSubstr("duplicates an Active Command"));
  EXPECT_THAT(Ask("JOBS {\"n\": 3, \"steps\": 1, \"steps \": 2}"), testing::HasSubstr("duplicates an Active Command"));
  EXPECT_EQ(board_.submitted.size(), 1U);
  EXPECT_EQ(board_.active, (std::set<std::string>{"JOBS {\"steps\":1}"}));
}

TEST_F(GatesTest, EveryCommandIsCountedByItsEnd) {
  Ask("SAY {\"word\": \"x\"}");
  Ask("SAY");
  Ask("NONSENSE");
  Ask("nonsense");
  Ask("POLL");
  const json::object commands = stats_.Describe().at("commands").as_object();
  EXPECT_EQ(commands.at("answered"), 1);
  EXPECT_EQ(commands.at("refused"), 3);
  EXPECT_EQ(commands.at("unknown"), 2);
  EXPECT_EQ(commands.at("waited"), 1);
}

TEST_F(GatesTest, AnAnswerMayBeKeptBack) {
  const Executed refused = gates_.Pass({{}, {33, 33, 4711}, Lane::Quick, R"(DALLY {"word": "no"})"});
  EXPECT_EQ(refused.reply, R"({"Error": "Not you. DALLY."})");
  EXPECT_EQ(refused.delay, std::chrono::seconds(2));
  const Executed answered = gates_.Pass({{}, {33, 33, 4711}, Lane::Quick, R"(DALLY {"word": "yes"})"});
  EXPECT_EQ(answered.reply, R"({"Success": "DALLY Late."})");
  EXPECT_EQ(answered.delay, std::chrono::seconds(4));
}

TEST_F(GatesTest, APollWaitsAndLeavesNoTrace) {
  const Executed executed = gates_.Pass({{}, {33, 33, 4711}, Lane::Quick, "POLL"});
  ASSERT_TRUE(executed.wait);
  EXPECT_EQ(executed.wait->since, 7U);
  EXPECT_EQ(executed.reply, "");
  EXPECT_TRUE(Logged().empty());
  EXPECT_EQ(g_log, "");
}

TEST_F(GatesTest, ReservationsEndWithoutJobs) {
  EXPECT_EQ(Ask("NOJOB"), R"({"Error": "There is no space. NOJOB."})");
  EXPECT_EQ(Ask("NOJOB"), R"({"Error": "There is no space. NOJOB."})");
  board_.refuses = Error{ErrorCode::NoSpace, "cannot write /opt/x.db: no space left on device"};
  EXPECT_EQ(Ask("JOBS"),
            R"({"Error": "Unable to record Job JOBS. The disk is full: free some space, then send it again."})");
  board_.refuses = Error{ErrorCode::Io, "cannot write /opt/x.db: input/output error"};
  EXPECT_EQ(Ask("JOBS"), R"({"Error": "Unable to record Job JOBS."})");
  EXPECT_TRUE(board_.active.empty());
  EXPECT_EQ(Logged(), (std::vector<std::string>{"NOJOB", "NOJOB"}));
}

TEST_F(GatesTest, InternetIsAskedForOnlyWhenNeeded) {
  Ask("JOBS");
  EXPECT_EQ(probes_, 0);
  internet_ = false;
  EXPECT_EQ(Ask("NET"), R"({"Error": "Internet is Required for this Command, but Not Available. NET."})");
  EXPECT_EQ(Logged(), (std::vector<std::string>{"NET"}));
  internet_ = true;
  EXPECT_EQ(Ask("NET"), R"({"Success": "Job  44 Scheduled."})") << "the reservation of the first try is gone";
  EXPECT_EQ(probes_, 2);
}

TEST_F(GatesTest, PlansThatTheTableDoesNotAllowAreBugs) {
  EXPECT_EQ(Ask("BAD"), R"({"Error": "Unexpected error in Command BAD"})");
  EXPECT_EQ(Ask("HIDDEN"), R"({"Error": "Unexpected error in Command HIDDEN"})");
  EXPECT_EQ(Ask("JOBS {\"steps\": 0}"), R"({"Error": "Unexpected error in Command JOBS"})");
  EXPECT_TRUE(board_.submitted.empty());
}

TEST_F(GatesTest, LongCommandsAreCutInTheLogAndTheTable) {
  Ask("SAY {\"word\": \"x\", \"more\": \"" + std::string(500'000, 'y') + "\"}");
  EXPECT_LT(g_log.size(), 2000U);
  ASSERT_EQ(store_.logged.size(), 1U);
  EXPECT_LT(store_.logged[0].message.size(), 20'000U);
}

// Each of its jobs keeps the text.
TEST_F(GatesTest, CommandsWithJobsMayNotBeAsLongAsOthers) {
  const auto command = [](std::size_t bytes) {
    const std::string begin = R"(JOBS {"steps": 1, "more": ")";
    return begin + std::string(bytes - begin.size() - 2, 'y') + "\"}";
  };
  EXPECT_EQ(Ask(command((64U << 10U) + 1)), R"({"Error": "The Command is too long. JOBS."})");
  EXPECT_TRUE(board_.submitted.empty());
  EXPECT_TRUE(board_.active.empty());
  EXPECT_EQ(Ask(command(64U << 10U)), R"({"Success": "Job  41 Scheduled."})");
}

TEST_F(GatesTest, CredentialsInAddressesAreNotLogged) {
  Ask("SAY {\"word\": \"http://me:hunter2@host/x\"}");
  EXPECT_FALSE(IsLogged("hunter2"));
}

}  // namespace
}  // namespace cmdsrv
