#include "server/facts_keeper.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "platform/files.hpp"
#include "platform/process.hpp"
#include "support/scratch.hpp"

namespace cmdsrv {
namespace {

using test::Eventually;
using test::ScratchDirectory;
using test::Slurp;
using ::testing::HasSubstr;

constexpr auto kLong = std::chrono::seconds(60);

class Facts : public ::testing::Test {
 protected:
  Facts() {
    for (const char* directory : {"/usr/bin", "/opt/admin/cmdsrv"})
      std::filesystem::create_directories(root.Path(directory));
    Ansible(R"(echo "$*" >> "$0.calls"; echo 'localhost | SUCCESS => {"ansible_facts": {"ansible_machine": "one"}}')");
  }
  void Ansible(const std::string& script) {
    const std::string path = root.Path("/usr/bin/ansible");
    (void)WriteFileAtomically(path, "#!/bin/sh\n" + script + "\n");
    ::chmod(path.c_str(), 0755);
  }
  std::string Health() const { return PrintJson(health.Describe()); }
  std::string Machine() {
    const auto text = facts.Get(kLong, -1);
    return text ? std::string(TextMember(ParseJson(*text)->get_object(), "ansible_machine")) : "";
  }
  long Calls() const {
    const std::string calls = Slurp(root.Path("/usr/bin/ansible.calls"));
    return std::ranges::count(calls, '\n');
  }

  ScratchDirectory scratch;
  const Root root = *Root::At(scratch.Path());
  const Settings settings = *ParseSettings(root, root.Path("/opt/admin/cmdsrv"), "{}");
  const std::string cache = settings.state_dir + "ansible_facts.json";
  HealthBoard health;
  AnsibleFacts facts;
};

TEST_F(Facts, AreGatheredInTheBackgroundAndKept) {
  FactsKeeper keeper(settings, root, facts);
  keeper.Begin(health);
  EXPECT_EQ(Machine(), "one");
  ASSERT_TRUE(Eventually([&] { return std::filesystem::exists(cache); }, kLong));
  keeper.Stop();
  EXPECT_THAT(Health(), HasSubstr(R"("ansible_facts":{"state":"good")"));
  EXPECT_THAT(Slurp(root.Path("/usr/bin/ansible.calls")), HasSubstr("localhost -i"));
  EXPECT_FALSE(std::filesystem::exists(settings.state_dir + "ansible-facts")) << "nothing is left of the run";
  struct stat mode {};
  ASSERT_EQ(::stat(cache.c_str(), &mode), 0);
  EXPECT_EQ(mode.st_mode & 0777U, 0600U);

  AnsibleFacts again;
  FactsKeeper next(settings, root, again);
  next.Begin(health);
  EXPECT_THAT(*again.Get(kLong, -1), HasSubstr(R"("ansible_machine":"one")"));
  next.Stop();
  EXPECT_EQ(Calls(), 1) << "the next start of this boot has them at once";
}

TEST_F(Facts, OfAnotherBootAreGatheredAnew) {
  std::filesystem::create_directories(settings.state_dir);
  (void)WriteFileAtomically(cache, R"({"boot_id": "another", "facts": {"ansible_machine": "old"}})");
  FactsKeeper keeper(settings, root, facts);
  keeper.Begin(health);
  EXPECT_EQ(Machine(), "one");
}

TEST_F(Facts, ABrokenCacheIsNoHarm) {
  std::filesystem::create_directories(settings.state_dir);
  for (const std::string& text : {std::string("{"), std::string("[]"), fmt::format(R"({{"boot_id": "{}"}})", BootId()),
                                  fmt::format(R"({{"boot_id": "{}", "facts": []}})", BootId())}) {
    (void)WriteFileAtomically(cache, text);
    AnsibleFacts fresh;
    FactsKeeper keeper(settings, root, fresh);
    keeper.Begin(health);
    EXPECT_THAT(*fresh.Get(kLong, -1), HasSubstr(R"("ansible_machine":"one")")) << text;
  }
}

TEST_F(Facts, AreGatheredAgainWhenSomebodyAsks) {
  FactsKeeper keeper(settings, root, facts);
  keeper.Begin(health);
  EXPECT_EQ(Machine(), "one");
  Ansible(R"(echo 'localhost | SUCCESS => {"ansible_facts": {"ansible_machine": "two"}}')");
  keeper.Refresh();
  EXPECT_TRUE(Eventually([&] { return Machine() == "two"; }, kLong));
}

TEST_F(Facts, WithoutAnsibleTheKernelTells) {
  for (const char* script :
       {"echo 'localhost | FAILED! => {\"msg\": \"no python\"}'; exit 2", "exit 1",
        "echo 'localhost | SUCCESS => {broken'", "echo 'localhost | SUCCESS => {\"changed\": 1}'"}) {
    Ansible(script);
    AnsibleFacts fresh;
    FactsKeeper keeper(settings, root, fresh);
    keeper.Begin(health);
    EXPECT_THAT(*fresh.Get(kLong, -1), HasSubstr(R"("rpi_model":"none")")) << script;
    ASSERT_TRUE(Eventually([&] { return Health().find("degraded") != std::string::npos; }, kLong)) << script;
    EXPECT_THAT(Health(), HasSubstr("GET-ANS answers what the kernel tells"));
    EXPECT_FALSE(std::filesystem::exists(cache));
    Ansible(R"(echo 'localhost | SUCCESS => {"ansible_facts": {"ansible_machine": "mended"}}')");
    keeper.Begin(health);  // as at a reload
    EXPECT_TRUE(Eventually([&] { return fresh.Get(kLong, -1)->find("mended") != std::string::npos; }, kLong)) << script;
    keeper.Stop();
    std::filesystem::remove(cache);
  }
}

TEST_F(Facts, AMissingAnsibleIsNamed) {
  Settings other = settings;
  other.ansible_program = "ansible-that-nobody-has";
  FactsKeeper keeper(other, root, facts);
  keeper.Begin(health);
  ASSERT_TRUE(Eventually([&] { return Health().find("degraded") != std::string::npos; }, kLong));
  EXPECT_THAT(Health(), HasSubstr("; install the package ansible-core"));
}

TEST_F(Facts, StoppingEndsWhatRuns) {
  Ansible("echo $$ > \"$0.pid\"; exec sleep 1000");
  FactsKeeper keeper(settings, root, facts);
  keeper.Begin(health);
  ASSERT_TRUE(Eventually([&] { return !Slurp(root.Path("/usr/bin/ansible.pid")).empty(); }, kLong));
  const auto pid = std::stoi(Slurp(root.Path("/usr/bin/ansible.pid")));
  keeper.Stop();
  const auto process = Identify(pid);
  EXPECT_FALSE(process && IsAlive(*process));
}

TEST(ReadSetupOutput, TakesTheFactsOutOfTheLine) {
  const auto machine = [](std::string_view output) {
    const auto facts = ReadSetupOutput(output);
    return facts ? std::string(TextMember(*facts, "ansible_machine")) : facts.error().message;
  };
  EXPECT_EQ(machine("[WARNING]: x\nlocalhost | SUCCESS => {\"ansible_facts\": {\"ansible_machine\": \"a\"}}\n"), "a");
  EXPECT_EQ(machine("localhost | success >> {\"ansible_facts\": {\"ansible_machine\": \"b\"}}"), "b");
  EXPECT_EQ(machine(""), "Ansible gives no facts: it prints nothing");
  EXPECT_THAT(machine("ERROR! no hosts\n"), HasSubstr("ERROR! no hosts"));
  EXPECT_EQ(machine("x | SUCCESS => [1]"), "cannot understand the facts of Ansible");
}

}  // namespace
}  // namespace cmdsrv
