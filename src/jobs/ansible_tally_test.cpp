#include "jobs/ansible_tally.hpp"

#include <gmock/gmock.h>

#include "support/scratch.hpp"

namespace cmdsrv {
namespace {

TEST(AnsibleTally, CountsTheTasksOfARealRun) {
  const AnsibleTally tally = TallyAnsible(test::Slurp(CMDSRV_TEST_DATA "/progress/ansible"));
  EXPECT_EQ(tally.Tasks(), (AnsibleTally::Counts{.ok = 6, .changed = 3, .failed = 0, .skipped = 1}));
  EXPECT_EQ(tally.Failure(), "") << "what is ignored is no failure";
  EXPECT_EQ(tally.Summary(), "6 tasks ok, 3 of them changed something, 1 skipped");
}

TEST(AnsibleTally, NamesTheTaskThatFailed) {
  const AnsibleTally tally = TallyAnsible(
      "TASK [kiwix : Get it] ****\nok: [127.0.0.1]\n\nTASK [kiwix : Unpack \"it\" [twice]] ***\n"
      "failed: [127.0.0.1] (item=x) => {\"msg\": \"no\\nspace \\\"left\\\"\", \"rc\": 1}\n"
      "PLAY RECAP ****\n127.0.0.1 : ok=1 changed=0 unreachable=0 failed=1\n");
  EXPECT_EQ(tally.Failure(), "task \"kiwix : Unpack \"it\" [twice]\" failed on 127.0.0.1: no space \"left\"");
  EXPECT_EQ(tally.Tasks().failed, 1);
}

TEST(AnsibleTally, ARunThatDoesNotBegin) {
  EXPECT_EQ(TallyAnsible("ERROR! the playbook: x.yml could not be found\n").Failure(),
            "Ansible could not begin: the playbook: x.yml could not be found");
  EXPECT_TRUE(TallyAnsible("the menu is up to date\n").IsEmpty());
  EXPECT_TRUE(TallyAnsible("").IsEmpty());
}

TEST(AnsibleTally, HostileTextsStaySmall) {
  std::string text = "TASK [" + std::string(100'000, 'x') + "\x1b[31m] ***\nfatal: [";
  text += std::string(100'000, 'h') + "]: FAILED! => {\"msg\": \"" + std::string(100'000, '\\') + "\n";
  text += "fatal: [\nfailed: [\nTASK [***\nok: [";
  EXPECT_LT(TallyAnsible(text).Failure().size(), 1000U);
}

}  // namespace
}  // namespace cmdsrv
