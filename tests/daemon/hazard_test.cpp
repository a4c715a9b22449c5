// Every verb of the command table against every class of hostile values. The attacks are made from the table, so a new
// verb is attacked by being there.
#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "base/text.hpp"
#include "daemon/hazard_world.hpp"
#include "protocol/command.hpp"
#include "protocol/reply.hpp"
#include "support/files.hpp"

namespace cmdsrv::test {
namespace {

constexpr std::size_t kLongestReply = 1U << 20U;
constexpr std::size_t kLongestError = 2048;  // the value that was refused does not come back
constexpr unsigned kAtOnce = 96;             // of Commands whose answer is late on purpose

struct Sent {
  std::string command;
  bool by_class = false, refused = false;
};

/// One world for all verbs of this process; the shards have one each.
HazardWorld& World() {
  static HazardWorld world;
  return world;
}

const std::string& ErrorOf(const json::value& reply) {
  static thread_local std::string text;
  const auto* object = reply.if_object();
  const auto* error = object != nullptr ? object->if_contains("Error") : nullptr;
  text = error != nullptr && error->is_string() ? std::string(std::string_view(error->get_string())) : "";
  return text;
}

/// The console edits this one password, and shows it.
bool ShowsHotspot(std::string_view verb) {
  return verb == "GET-VARS" || verb == "GET-NETWORK-INFO" || verb == "GET-SYSTEM-INFO";
}

class Hazards : public testing::TestWithParam<std::string> {
 protected:
  const CommandRowInfo& Row() const { return *FindCommand(GetParam()); }

  void Check(const Sent& sent, const std::string& reply) {
    const std::string shown = sent.command.substr(0, 300);
    EXPECT_LE(reply.size(), kLongestReply) << shown;
    EXPECT_TRUE(IsUtf8(reply)) << shown;
    EXPECT_TRUE(ShowsHotspot(GetParam()) || reply.find(kSecret) == std::string::npos) << shown;
    const auto value = ParseJson(reply);
    ASSERT_TRUE(value.has_value()) << shown << " gives " << reply.substr(0, 300);
    const std::string error = ErrorOf(*value);
    EXPECT_LE(error.size(), kLongestError) << shown;
    EXPECT_FALSE(sent.refused && error.empty()) << shown << " was not refused: " << reply.substr(0, 300);
    if (sent.by_class) {
      EXPECT_EQ(reply, ToReply(GetParam(), Error{ErrorCode::Malformed, ""})) << shown;
    }
    // A job of another verb before this one may be there to be tried again.
    const bool makes_jobs = Row().makes == Makes::Jobs || GetParam() == "RETRY-JOB";
    scheduled_ = scheduled_ || (error.empty() && makes_jobs);
  }

  void SendAll(const std::vector<Sent>& all) {
    const unsigned threads = Row().lane == Lane::Password ? kAtOnce : 1;
    std::atomic<std::size_t> next = 0;
    std::vector<std::string> replies(all.size());
    const auto send = [&] {
      for (std::size_t i = next++; i < all.size(); i = next++) replies[i] = World().Send(all[i].command);
    };
    std::vector<std::thread> senders;
    for (unsigned i = 1; i < threads; ++i) senders.emplace_back(send);
    send();
    for (std::thread& sender : senders) sender.join();
    for (std::size_t i = 0; i < all.size(); ++i) Check(all[i], replies[i]);
  }

  /// The attacks are over: nothing happened that they should not have brought about.
  void ExpectUnharmed() {
    if (scheduled_) {
      World().LetJobsEnd(newest_job_);
    } else {
      EXPECT_EQ(World().NewestJob(), newest_job_) << "a refused Command has a job";
    }
    newest_job_ = World().NewestJob();
    scheduled_ = false;
    for (const std::string& complaint : World().Complaints(GetParam())) ADD_FAILURE() << complaint;
  }

  void SetUp() override { newest_job_ = World().NewestJob(); }

 private:
  long long newest_job_ = 0;
  bool scheduled_ = false;
};

TEST_P(Hazards, EveryParameter) {
  std::vector<Sent> all;
  for (const Parameter& parameter : Row().parameters) {
    const auto attacks = AttacksOn(Row(), parameter, World().Beside());
    ASSERT_FALSE(attacks.empty()) << GetParam() << " " << parameter.name
                                  << " has no value class: give it one in src/commands/table.cpp, or say in "
                                     "tests/daemon/hazard_meanings.cpp what its handler refuses";
    for (const Attack& attack : attacks)
      all.push_back({GetParam() + " " + json::serialize(attack.arguments), attack.by_class, attack.refused});
  }
  SendAll(all);
  ExpectUnharmed();
}

TEST_P(Hazards, TextsThatAreNoCommand) {
  std::vector<Sent> all;
  for (const RawAttack& attack : RawAttacksOn(Row())) all.push_back({attack.text, false, !attack.unharmed});
  SendAll(all);
  ExpectUnharmed();
}

std::vector<std::string> AllVerbs() {
  std::vector<std::string> verbs;
  for (const CommandRowInfo& row : AllCommands()) verbs.emplace_back(row.verb);
  return verbs;
}

std::string NameOfTest(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::ranges::replace(name, '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Verb, Hazards, testing::ValuesIn(AllVerbs()), NameOfTest);

TEST(HazardMatrix, TheAlarmsWork) {
  HazardWorld& world = World();
  OrThrow(WriteText(world.Beside().directory + "/pwned", ""));
  OrThrow(WriteText(world.Box().Path("/etc/hazard.conf"), fmt::format("x=1\n{}=1\n", kInjected)));
  OrThrow(WriteText(world.Box().Path("/var/log/hazard.txt"), kSecret));
  OrThrow(WriteText(world.Box().Path("/var/lib/box/argv"),
                    fmt::format("rm\037--{0}=1\036rm\037--\037--{0}=1\036", kInjected)));
  const auto complaints = world.Complaints("TEST");
  EXPECT_THAT(complaints, testing::UnorderedElementsAre(testing::HasSubstr("outside of the box"),
                                                        testing::HasSubstr("has changed /etc/hazard.conf"),
                                                        testing::HasSubstr("begin a line of /etc/hazard.conf"),
                                                        testing::HasSubstr("a secret in /var/log/hazard.txt"),
                                                        testing::StartsWith("an option came from a value")));
  EXPECT_EQ(world.Complaints("TEST"), std::vector<std::string>{});
}

TEST(HazardMatrix, NoMeaningOfAParameterThatIsGone) { EXPECT_EQ(StaleMeanings(), std::vector<std::string>{}); }

}  // namespace
}  // namespace cmdsrv::test
