#include "content/ansible_roles.hpp"

#include <gmock/gmock.h>

#include "content/yaml_reader.hpp"

namespace cmdsrv {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

RoleWish Wish(bool install, bool enable, bool installed, bool active) {
  return {.name = "kolibri",
          .install = install,
          .enable = enable,
          .installed = installed,
          .enabled = active,
          .active = active};
}

std::vector<std::string> RolesOf(const RoleWish& wish) { return PlanRolesRun({wish}, false).roles; }

TEST(PlanRolesRun, TakesWhatDiffersFromTheWish) {
  EXPECT_THAT(RolesOf(Wish(true, true, true, true)), IsEmpty()) << "it is as it is wanted";
  EXPECT_THAT(RolesOf(Wish(false, false, false, false)), IsEmpty());
  EXPECT_THAT(RolesOf(Wish(true, true, false, false)), ElementsAre("kolibri")) << "to be installed";
  EXPECT_THAT(RolesOf(Wish(true, false, true, true)), ElementsAre("kolibri")) << "to be switched off";
  EXPECT_THAT(RolesOf(Wish(true, true, true, false)), ElementsAre("kolibri")) << "to be switched on";
  EXPECT_THAT(RolesOf(Wish(false, true, false, false)), IsEmpty()) << "its playbook would install it";
}

TEST(PlanRolesRun, WhatIsNotWantedAnyMoreIsSwitchedOff) {
  const RolesRun off = PlanRolesRun({Wish(false, true, true, true)}, false);
  EXPECT_THAT(off.roles, ElementsAre("kolibri"));
  EXPECT_EQ(PrintJson(off.changes), R"({"kolibri_enabled":false})");
  EXPECT_FALSE(off.installs);
  EXPECT_THAT(PlanRolesRun({Wish(false, false, true, true)}, false).changes, IsEmpty())
      << "the variable says so already";
  EXPECT_THAT(RolesOf(Wish(false, false, true, true)), ElementsAre("kolibri"));
  EXPECT_THAT(RolesOf(Wish(false, false, true, false)), IsEmpty()) << "it is off";
}

TEST(PlanRolesRun, InstallingNeedsTheInternet) {
  EXPECT_TRUE(PlanRolesRun({Wish(true, false, false, false)}, false).installs);
  EXPECT_FALSE(PlanRolesRun({Wish(true, true, true, false)}, true).installs);
}

TEST(PlanRolesRun, SomeRolesHaveOtherNamesInPlaybooks) {
  std::vector<RoleWish> wishes = {Wish(true, true, false, false), Wish(true, true, false, false)};
  wishes[0].name = "calibreweb";
  wishes[1].name = "osm_vector_maps";
  EXPECT_THAT(PlanRolesRun(wishes, true).roles, ElementsAre("calibre-web", "osm-vector-maps", "network"));
}

TEST(RolesPlaybook, IsAPlayWithTheFilesAndRoles) {
  const std::string head =
      RolesPlaybookHead({"/opt/iiab/iiab/vars/default_vars.yml", "/etc/iiab/local vars.yml"}, true);
  const std::string text = RolesPlaybook(head, {"kiwix", "network"});
  EXPECT_THAT(text,
              HasSubstr("  vars_files:\n    - /opt/iiab/iiab/vars/default_vars.yml\n    - /etc/iiab/local vars.yml\n"));
  EXPECT_TRUE(text.ends_with("  roles:\n    - { role: 0-init }\n    - { role: kiwix }\n    - { role: network }\n"))
      << text;
  EXPECT_THAT(head, HasSubstr("  become: yes\n"));
  EXPECT_THAT(RolesPlaybookHead({}, false), Not(HasSubstr("become")));
  EXPECT_EQ(RolesPlaybook("- hosts: all\n  roles:\n    - { role: 0-init }", {"a"}),
            "- hosts: all\n  roles:\n    - { role: 0-init }\n    - { role: a }\n");
}

}  // namespace
}  // namespace cmdsrv
