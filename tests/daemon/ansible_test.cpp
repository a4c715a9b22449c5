// RUN-ANSIBLE, RUN-ANSIBLE-ROLES, RESET-NETWORK and GET-ANS through the socket, with the real Ansible and small
// playbooks of our own. What they change lies in the box.
#include <gmock/gmock.h>

#include <optional>

#include "support/ask.hpp"
#include "support/files.hpp"
#include "support/test_box.hpp"

namespace cmdsrv::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr auto kEnd = seconds(240);  // a run of Ansible on a busy machine
constexpr const char* kRealAnsible = "#!/bin/sh\nexec /usr/bin/ansible \"$@\"\n";

class Ansible : public ::testing::Test {
 protected:
  Ansible() {
    box.Configure({{"cmdsrv_lower_job_priority_flag", false}});
    Write("/opt/admin/cmdsrv/ansible.cfg",
          fmt::format(
              "[defaults]\ninterpreter_python = /usr/bin/python3\nlocal_tmp = {0}/tmp/a\nremote_tmp = {0}/tmp/a\n",
              box.Root()));
    Write("/opt/iiab/iiab/vars/default_vars.yml", "greeting: hello\nkolibri_install: False\nkolibri_enabled: False\n");
    Write("/etc/iiab/local_vars.yml", "# mine\ngreeting: \"good # day\"\n");
    for (const char* role : {"0-init", "network", "kolibri"}) {
      Write(
          fmt::format("/opt/iiab/iiab/roles/{}/tasks/main.yml", role),
          fmt::format(
              "- name: Leave a mark of {0}\n  copy:\n    content: \"{{{{ greeting }}}}\"\n    dest: {1}/tmp/mark-{0}\n",
              role, box.Root()));
    }
    OrThrow(MakeDirs(box.Path("/tmp")));
  }
  void Write(const std::string& path, const std::string& text) { OrThrow(WriteText(box.Path(path), text)); }
  void Playbook(const std::string& tasks) {
    Write("/opt/iiab/iiab/iiab-from-console.yml",
          "- hosts: all\n  gather_facts: no\n  vars_files: [vars/default_vars.yml, " +
              box.Path("/etc/iiab/local_vars.yml") + "]\n  tasks:\n" + tasks);
  }
  void Start() { daemon.emplace(box.StartDaemon()); }
  std::string Reply(const std::string& command) { return OrThrow(AskText(box.Socket(), command, seconds(90))); }
  std::string Text(const std::string& path) {
    return Exists(box.Path(path)) ? OrThrow(ReadText(box.Path(path))) : std::string();
  }
  std::vector<JobRow> JobsAfter(const std::string& command, std::size_t jobs) {
    EXPECT_THAT(Reply(command), HasSubstr("Scheduled."));
    auto rows = WaitForJobs(box.Socket(), jobs, kEnd);
    if (!rows) ADD_FAILURE() << rows.error().message << daemon->Printed();
    return rows ? *rows : std::vector<JobRow>(jobs);
  }

  TestBox box;
  std::optional<Daemon> daemon;
};

TEST_F(Ansible, RunsAPlaybookAndCountsItsTasks) {
  Playbook("    - name: Write it\n      copy: {content: \"{{ greeting }}\", dest: " + box.Path("/tmp/written") +
           "}\n      tags: [good]\n    - name: Never\n      command: /bin/false\n      tags: [bad]\n");
  Start();
  EXPECT_EQ(Reply("GET-ANS-TAGS"), R"({"ansible_tags":"[bad, good]"})");
  const auto jobs = JobsAfter(R"(RUN-ANSIBLE {"tags": "good"})", 1);
  EXPECT_EQ(jobs[0].status, "SUCCEEDED") << Describe(jobs);
  EXPECT_EQ(Text("/tmp/written"), "good # day");
  EXPECT_THAT(jobs[0].command, AllOf(HasSubstr("ansible-playbook -M"), HasSubstr("--tags=good")));
  EXPECT_THAT(jobs[0].output,
              AllOf(HasSubstr("PLAY RECAP"), HasSubstr("Ansible: 1 tasks ok, 1 of them changed something")));
}

TEST_F(Ansible, TheTaskThatFailedIsNamed) {
  Playbook(
      "    - name: First\n      debug: {msg: x}\n    - name: Ask the library\n      fail: {msg: \"no <space> "
      "left\"}\n");
  Start();
  const auto jobs = JobsAfter(R"(RUN-ANSIBLE {"tags": "ALL-TAGS"})", 1);
  EXPECT_EQ(jobs[0].status, "FAILED") << Describe(jobs);
  EXPECT_THAT(PrintJson(jobs[0].all.at("reason")),
              HasSubstr(R"(exit status 2: task \"Ask the library\" failed on 127.0.0.1: no <space> left)"));
  EXPECT_THAT(jobs[0].output, HasSubstr("1 tasks ok, 0 of them changed something, 1 failed"));
}

TEST_F(Ansible, RolesAreRunAsTheVariablesSay) {
  box.Internet();
  Start();
  EXPECT_EQ(Reply(R"(SET-CONF {"config_vars": {"kolibri_enabled": true, "greeting": "new: {day}"}})"),
            R"({"Success": "SET-CONF ."})");
  const auto jobs = JobsAfter(R"(RUN-ANSIBLE-ROLES {"add_network": true})", 2);
  ASSERT_EQ(jobs[0].status, "SUCCEEDED") << Describe(jobs);
  EXPECT_EQ(jobs[1].status, "SUCCEEDED") << Describe(jobs);
  for (const char* role : {"0-init", "network", "kolibri"})
    EXPECT_EQ(Text(fmt::format("/tmp/mark-{}", role)), "new: {day}") << role;
  EXPECT_EQ(jobs[0].command, "iiab-cmdsrv-step run-roles -- kolibri network");
  EXPECT_EQ(jobs[1].command, "iiab-cmdsrv-step update-menus");
  for (const std::string& name : NamesIn(box.Path("/opt/iiab/iiab")))
    EXPECT_THAT(name, Not(HasSubstr("adm-run-roles")));
  EXPECT_THAT(Text("/etc/iiab/local_vars.yml"), HasSubstr("# mine\ngreeting: \"new: {day}\"\n"));
  EXPECT_THAT(Reply("GET-VARS"), HasSubstr(R"("kolibri_install":true)"));
}

TEST_F(Ansible, ARunThatFailsLeavesNoPlaybook) {
  box.Internet();
  Write("/opt/iiab/iiab/adm-run-roles-job-1.yml", "left by a run that was killed\n");
  Write("/opt/iiab/iiab/roles/kolibri/tasks/main.yml", "- name: It cannot\n  command: /bin/false\n");
  Write("/etc/iiab/local_vars.yml", "greeting: x\nkolibri_install: True\n");
  Start();
  const auto jobs = JobsAfter("RUN-ANSIBLE-ROLES", 2);
  EXPECT_EQ(jobs[0].status, "FAILED") << Describe(jobs);
  EXPECT_EQ(jobs[1].status, "CANCELLED");
  EXPECT_THAT(PrintJson(jobs[0].all.at("reason")), HasSubstr(R"(task \"kolibri : It cannot\" failed)"));
  for (const std::string& name : NamesIn(box.Path("/opt/iiab/iiab")))
    EXPECT_THAT(name, Not(HasSubstr("adm-run-roles")));
}

TEST_F(Ansible, WhileItRunsNothingGetsIntoItsWay) {
  Playbook("    - name: Wait\n      command: sh -c 'touch " + box.Path("/tmp/runs") + "; while [ ! -e " +
           box.Path("/tmp/go") + " ]; do sleep 0.1; done'\n");
  Start();
  EXPECT_THAT(Reply(R"(RUN-ANSIBLE {"tags": "ALL-TAGS"})"), HasSubstr("Scheduled."));
  ASSERT_TRUE(WaitUntil([&] { return Exists(box.Path("/tmp/runs")); }, kEnd)) << daemon->Printed();
  EXPECT_THAT(Reply("RESET-NETWORK"), HasSubstr("Ansible Command already Running."));
  EXPECT_THAT(Reply("RUN-ANSIBLE-ROLES"), HasSubstr("Ansible Command already Running."));
  EXPECT_THAT(Reply(R"(SET-CONF {"config_vars": {"a": 1}})"), HasSubstr("Cannot set Configuration while Ansible"));
  EXPECT_THAT(Reply("GET-JOB-ACTIVE-SUM"), HasSubstr(R"("ansible_running_flag":true)"));
  OrThrow(daemon->Restart());
  EXPECT_THAT(Reply("RESET-NETWORK"), HasSubstr("Ansible Command already Running.")) << "the run is adopted";
  EXPECT_THAT(Reply("CANCEL-JOB {\"job_id\": 1}"), HasSubstr("Cancelled."));
  const auto jobs = WaitForJobs(box.Socket(), 1, kEnd);
  ASSERT_TRUE(jobs.has_value()) << jobs.error().message;
  EXPECT_EQ(jobs->front().status, "CANCELLED");
  EXPECT_TRUE(WaitUntil([&] { return box.Processes().size() == 1; }, seconds(60))) << "the daemon alone";
}

TEST_F(Ansible, ResetNetworkRunsInItsDirectory) {
  Start();
  const auto jobs = JobsAfter("RESET-NETWORK", 1);
  EXPECT_EQ(jobs[0].status, "SUCCEEDED") << Describe(jobs);
  EXPECT_THAT(jobs[0].output, HasSubstr("the network is as it was"));
}

TEST_F(Ansible, RealFactsComeInTheBackgroundAndAreKept) {
  box.StandIn("ansible", kRealAnsible);
  Start();
  EXPECT_THAT(Reply("TEST"), HasSubstr("success")) << "nobody waits for the facts who does not want them";
  ASSERT_TRUE(WaitUntil(
      [&] { return Reply("GET-HEALTH").find(R"("ansible_facts":{"state":"good")") != std::string::npos; }, kEnd))
      << Reply("GET-HEALTH") << daemon->Printed();
  const json::object facts = OrThrow(Ask(box.Socket(), "GET-ANS", seconds(90))).as_object();
  EXPECT_GT(facts.size(), 40U);
  EXPECT_EQ(facts.at("ansible_local").at("local_facts").at("rpi_model"), "none");
  EXPECT_TRUE(facts.at("ansible_default_ipv4").is_object());
  EXPECT_TRUE(facts.contains("ansible_processor_vcpus"));

  box.StandIn("ansible", "#!/bin/sh\nexit 1\n");
  OrThrow(daemon->Restart());
  const json::object again = OrThrow(Ask(box.Socket(), "GET-ANS", seconds(90))).as_object();
  EXPECT_EQ(again.size(), facts.size()) << "the next start of this boot has them at once";
}

TEST_F(Ansible, FactsAreReadAgainAfterARun) {
  box.StandIn("ansible",
              "#!/bin/sh\n[ -e " + box.Path("/tmp/done") +
                  " ] && m=after || m=before\n"
                  "echo \"localhost | SUCCESS => {\\\"ansible_facts\\\": {\\\"ansible_machine\\\": \\\"$m\\\"}}\"\n");
  Playbook("    - name: Do it\n      copy: {content: x, dest: " + box.Path("/tmp/done") + "}\n");
  Start();
  EXPECT_THAT(Reply("GET-ANS"), HasSubstr(R"("ansible_machine":"before")"));
  EXPECT_EQ(JobsAfter(R"(RUN-ANSIBLE {"tags": "ALL-TAGS"})", 1)[0].status, "SUCCEEDED");
  EXPECT_TRUE(
      WaitUntil([&] { return Reply("GET-ANS").find(R"("ansible_machine":"after")") != std::string::npos; }, kEnd));
}

TEST_F(Ansible, PasswordsStayOutOfLogAndDatabase) {
  Start();
  EXPECT_EQ(Reply(R"(SET-CONF {"config_vars": {"hostapd_password": "quite-secret-1"}})"),
            R"({"Success": "SET-CONF ."})");
  EXPECT_THAT(Reply("GET-VARS"), HasSubstr("quite-secret-1")) << "the Configure screen edits it";
  EXPECT_THAT(Reply(R"(SET-CONF {"config_vars": {"x": "quite-secret-2"}, )"), HasSubstr("Malformed"));
  OrThrow(daemon->Terminate());
  EXPECT_THAT(daemon->Printed(), AllOf(HasSubstr("SET-CONF ***"), Not(HasSubstr("quite-secret"))));
  for (const std::string& name : NamesIn(box.Path("/opt/admin/cmdsrv"))) {
    if (name.find("cmdsrv.0.3.db") == std::string::npos) continue;
    EXPECT_THAT(OrThrow(ReadText(box.Path("/opt/admin/cmdsrv/" + name))), Not(HasSubstr("quite-secret"))) << name;
  }
}

}  // namespace
}  // namespace cmdsrv::test
