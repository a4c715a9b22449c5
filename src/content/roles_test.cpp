#include "content/roles.hpp"

#include <gtest/gtest.h>

namespace cmdsrv {
namespace {

TEST(Roles, AreFoundByName) {
  for (const Role& role : kRoles) EXPECT_EQ(FindRole(role.name), &role);
  for (const char* name : {"", "a", "kiwi", "kiwixx", "zzz", "Kiwix"}) EXPECT_EQ(FindRole(name), nullptr) << name;
  EXPECT_EQ(FindRole("kiwix")->unit_or_file, "kiwix-serve.service");
}

TEST(Roles, OnlyInstalledOnesHaveNoUnitOrFile) {
  for (const Role& role : kRoles) EXPECT_EQ(role.unit_or_file.empty(), role.source == RoleSource::Install) << role.name;
}

TEST(Roles, MenuServicesAreRoles) {
  for (const MenuService& service : kMenuServices) {
    EXPECT_NE(FindRole(service.role), nullptr) << service.role;
    EXPECT_EQ(service.item.substr(3), service.role);
    EXPECT_NE(service.role, "kiwix");
  }
}

TEST(Roles, States) {
  EXPECT_TRUE(IsState("installed"));
  EXPECT_TRUE(IsState("enabled"));
  EXPECT_TRUE(IsState("active"));
  EXPECT_FALSE(IsState("Active"));
  EXPECT_FALSE(IsState(""));
}

TEST(Roles, PlaybooksKnowTwoByOtherNames) {
  EXPECT_EQ(PlaybookName("calibreweb"), "calibre-web");
  EXPECT_EQ(PlaybookName("osm_vector_maps"), "osm-vector-maps");
  EXPECT_EQ(PlaybookName("kiwix"), "kiwix");
}

}  // namespace
}  // namespace cmdsrv
