#include <gmock/gmock.h>
#include <sys/eventfd.h>
#include <sys/stat.h>

#include <atomic>
#include <thread>

#include "commands/ansible_facts.hpp"
#include "commands/fake_box.hpp"
#include "support/scratch.hpp"
#include "support/stand_in_systemd.hpp"

namespace cmdsrv {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class Ansible : public ::testing::Test {
 protected:
  Ansible() {
    for (const char* directory : {"/usr/bin", "/opt/iiab/iiab/vars", "/run/systemd/system", "/run/dbus"})
      std::filesystem::create_directories(box.root.Path(directory));
    Program("ansible-playbook", "echo '  TASK TAGS: [0-init, base]'\nexit 1\n");
    Program("systemctl", "exit 1\n");
    box.Write(box.root.Path("/opt/iiab/iiab/vars/default_vars.yml"), "kolibri_install: True\nkolibri_enabled: True\n");
    systemd.emplace(box.root.Path("/run/dbus/system_bus_socket"));
    box.Use().config.internet = [this] { return internet; };
  }
  void Program(const std::string& name, const std::string& script) {
    const std::string path = box.root.Path("/usr/bin/" + name);
    box.Write(path, "#!/bin/sh\n" + script);
    ::chmod(path.c_str(), 0755);
  }
  void Local(std::string_view text) { box.Write(local, text); }
  void State(std::string_view text) { box.Write(box.root.Path("/etc/iiab/iiab_state.yml"), text); }
  JobPlan Plan(std::string_view verb, std::string_view arguments = "{}") {
    auto outcome = box.Ask(verb, arguments);
    if (!outcome || !std::holds_alternative<JobPlan>(*outcome)) {
      ADD_FAILURE() << TextOf(outcome);
      JobPlan none;
      none.steps.resize(2);
      return none;
    }
    return std::get<JobPlan>(*outcome);
  }
  std::string Repo(const std::string& name) { return box.root.Path("/opt/iiab/iiab/" + name); }

  FakeBox box;
  bool internet = true;
  std::optional<test::StandInSystemd> systemd;
  const std::string local = box.root.Path("/etc/iiab/local_vars.yml");
};

TEST_F(Ansible, RunAnsibleIsOneStepOfThePlaybook) {
  const JobPlan all = Plan("RUN-ANSIBLE", R"({"tags": "ALL-TAGS"})");
  EXPECT_THAT(all.steps.at(0).argv,
              ElementsAre(box.root.Path("/usr/bin/ansible-playbook"), "-M", Repo("modules"), "-i",
                          Repo("ansible_hosts"), Repo("iiab-from-console.yml"), "--connection=local"));
  EXPECT_THAT(all.steps.at(0).locks, ElementsAre("ansible"));
  EXPECT_TRUE(all.ansible && all.full_log);
  EXPECT_EQ(Plan("RUN-ANSIBLE", R"({"tags": "base,0-init"})").steps.at(0).argv.back(), "--tags=base,0-init");
}

// The hazard matrix: words and options cannot be put into the program's arguments.
TEST_F(Ansible, TagsAreNothingButTags) {
  for (const char* tags :
       {"", "a b", "a,", ",a", "-a", "a' --extra-vars x", "a\\nb", "a;b", "a,-M,x", "$(id)", "a/b"}) {
    const auto outcome = box.Ask("RUN-ANSIBLE", PrintJson(json::object{{"tags", tags}}));
    ASSERT_FALSE(outcome.has_value()) << tags;
    EXPECT_EQ(outcome.error().code, ErrorCode::Malformed) << tags;
  }
  std::string many = "t";
  for (int i = 0; i < 100; ++i) many += ",t";
  EXPECT_FALSE(box.Ask("RUN-ANSIBLE", PrintJson(json::object{{"tags", many}})).has_value());
  EXPECT_FALSE(box.Ask("RUN-ANSIBLE").has_value());
  EXPECT_FALSE(box.Ask("RUN-ANSIBLE", R"({"tags": ["a"]})").has_value());
}

TEST_F(Ansible, OneRunAtATime) {
  box.board.active.ansible = true;
  box.Write(Repo("iiab-network"), "");
  EXPECT_EQ(TextOf(box.Ask("RUN-ANSIBLE", R"({"tags": "a"})")), "error: Ansible Command already Running.");
  EXPECT_EQ(TextOf(box.Ask("RUN-ANSIBLE-ROLES")), "error: Ansible Command already Running.");
  EXPECT_EQ(TextOf(box.Ask("RESET-NETWORK")), "error: Ansible Command already Running.");
  box.board.active.ansible = false;
  box.board.active.ansible_waiting = true;
  EXPECT_EQ(TextOf(box.Ask("RUN-ANSIBLE-ROLES")), "error: Ansible Command already Running.") << "one is scheduled";
}

TEST_F(Ansible, RolesThatDifferAreRun) {
  Local("kolibri_install: True\nkolibri_enabled: True\nkiwix_install: True\nkiwix_enabled: True\n");
  State("kiwix_installed: True\n");
  systemd->SetUnit("kiwix-serve.service", "active", "enabled");
  const JobPlan plan = Plan("RUN-ANSIBLE-ROLES", R"({"add_network": true})");
  ASSERT_EQ(plan.steps.size(), 2U);
  EXPECT_EQ(plan.steps[0].display, "iiab-cmdsrv-step run-roles -- kolibri network");
  EXPECT_EQ(plan.steps[1].display, "iiab-cmdsrv-step update-menus");
  EXPECT_EQ(plan.steps[1].after, 0U);
  EXPECT_TRUE(plan.ansible && plan.full_log);
}

TEST_F(Ansible, RolesOfTheDefaultsAloneAreLeftAlone) {
  Local("kiwix_enabled: True\n");
  EXPECT_EQ(TextOf(box.Ask("RUN-ANSIBLE-ROLES")), "error: All Roles are already As Requested.");
}

TEST_F(Ansible, InstallingNeedsTheInternet) {
  Local("kolibri_install: True\n");
  internet = false;
  EXPECT_EQ(TextOf(box.Ask("RUN-ANSIBLE-ROLES", R"({"add_network": true})")),
            "error: Internet is Required to install a Service, but is Not Available.");
  State("kolibri_installed: True\n");
  EXPECT_EQ(Plan("RUN-ANSIBLE-ROLES").steps[0].display, "iiab-cmdsrv-step run-roles -- kolibri") << "to switch it on";
}

TEST_F(Ansible, WhatIsNotWantedAnyMoreIsSwitchedOff) {
  Local("kolibri_install: False   # no more\nkolibri_enabled: True # on\n");
  State("kolibri_installed: True\n");
  systemd->SetUnit("kolibri.service", "active", "enabled");
  EXPECT_EQ(Plan("RUN-ANSIBLE-ROLES").steps[0].display, "iiab-cmdsrv-step run-roles -- kolibri");
  EXPECT_EQ(*ReadFile(local), "kolibri_install: False   # no more\nkolibri_enabled: False # on\n");
}

TEST_F(Ansible, ABrokenFileOfVariablesIsTold) {
  Local("a: \"x\ny: 1\n");
  EXPECT_THAT(TextOf(box.Ask("RUN-ANSIBLE-ROLES")), StartsWith("error: Error in " + local));
}

TEST_F(Ansible, ResetNetworkRunsInItsDirectory) {
  EXPECT_THAT(TextOf(box.Ask("RESET-NETWORK")), HasSubstr("There is no "));
  box.Write(Repo("iiab-network"), "#!/bin/sh\n");
  const JobPlan plan = Plan("RESET-NETWORK");
  EXPECT_THAT(plan.steps.at(0).argv, ElementsAre(Repo("iiab-network")));
  EXPECT_EQ(plan.cwd, box.root.Path("/opt/iiab/iiab"));
  EXPECT_TRUE(plan.ansible);
}

TEST_F(Ansible, TagsAreReadEvenIfTheProgramFails) {
  EXPECT_EQ(TextOf(box.Ask("GET-ANS-TAGS")), R"({"ansible_tags":"[0-init, base]"})");
  Program("ansible-playbook", "echo nothing\n");
  EXPECT_EQ(TextOf(box.Ask("GET-ANS-TAGS")), "error: Unable to read Ansible tags");
  Program("ansible-playbook", "printf 'TASK TAGS: [\\377\"<]\\nmore\\n'\n");
  EXPECT_EQ(TextOf(box.Ask("GET-ANS-TAGS")), "{\"ansible_tags\":\"[\xEF\xBF\xBD\\\"<]\"}");
}

TEST_F(Ansible, FactsAreThereAtOnceOrSoon) {
  AnsibleFacts& facts = box.Use().config.facts;
  std::thread later([&] { facts.Set({{"ansible_machine", "test"}}); });
  EXPECT_EQ(TextOf(box.Ask("GET-ANS")), R"({"ansible_machine":"test"})") << "it waits for the first ones";
  later.join();
  facts.SetReduced({{"ansible_machine", "kernel"}});
  EXPECT_EQ(TextOf(box.Ask("GET-ANS")), R"({"ansible_machine":"test"})") << "those of Ansible stay";
}

TEST_F(Ansible, WithoutFactsTheKernelTells) {
  box.settings.handler_deadline_s = 0;
  const auto facts = ParseJson(TextOf(box.Ask("GET-ANS")));
  ASSERT_TRUE(facts.has_value());
  EXPECT_EQ(facts->at_pointer("/ansible_local/local_facts/rpi_model"), "none");
  EXPECT_TRUE(facts->at_pointer("/ansible_default_ipv4").is_object());
  EXPECT_FALSE(facts->at_pointer("/ansible_machine").as_string().empty());
}

// The hazard matrix: blocking workers.
TEST(AnsibleFacts, OnlyTwoWaitForTheFirstOnes) {
  AnsibleFacts facts;
  std::atomic<int> empty_handed = 0;
  std::atomic<int> served = 0;
  std::vector<std::thread> callers;
  for (int i = 0; i < 5; ++i) {
    callers.emplace_back([&] { ++(facts.Get(std::chrono::seconds(100), -1) ? served : empty_handed); });
  }
  EXPECT_TRUE(test::Eventually([&] { return empty_handed == 3; }, std::chrono::seconds(60)));
  facts.SetReduced({{"ansible_machine", "kernel"}});
  for (auto& caller : callers) caller.join();
  EXPECT_EQ(served, 2);
}

TEST(AnsibleFacts, NobodyWaitsWhenTheServerStops) {
  AnsibleFacts facts;
  const UniqueFd stop(::eventfd(1, EFD_CLOEXEC));
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(facts.Get(std::chrono::seconds(100), stop.Get()), nullptr);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(60));
}

TEST(CompleteFacts, HasWhatTheConsoleReads) {
  const json::object reduced = {
      {"ansible_machine", "kernel"},
      {"ansible_local", {{"local_facts", {{"rpi_model", "Raspberry Pi 4"}, {"os", "debian"}}}}}};
  EXPECT_EQ(PrintJson(CompleteFacts({{"ansible_machine", "a"}, {"ansible_local", json::object()}}, reduced)),
            R"({"ansible_machine":"a","ansible_local":{"local_facts":{"rpi_model":"Raspberry Pi 4","os":"debian"}},)"
            R"("ansible_default_ipv4":{}})");
  EXPECT_EQ(PrintJson(CompleteFacts({{"ansible_local", "odd"}, {"ansible_default_ipv4", nullptr}}, {})),
            R"({"ansible_local":{"local_facts":{"rpi_model":"none"}},"ansible_default_ipv4":{}})");
  const json::object own = {{"ansible_local", {{"local_facts", {{"rpi_model", "none"}}}}}};
  EXPECT_EQ(CompleteFacts(own, reduced).at("ansible_local").at("local_facts").at("rpi_model"), "none");
}

}  // namespace
}  // namespace cmdsrv
