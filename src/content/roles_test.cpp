#include "content/roles.hpp"

#include <gmock/gmock.h>

#include "platform/systemd_units.hpp"
#include "support/scratch.hpp"

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

TEST(Roles, UnitsAreUnits) {
  const RoleTable table;
  EXPECT_EQ(table.Rows().size(), 33U);
  for (const RoleRow& row : table.Rows())
    EXPECT_TRUE(row.source != RoleSource::Service || IsUnitName(row.unit_or_file)) << row.name;
}

TEST(RoleTable, AFileReplacesAndAddsRows) {
  const auto table = RoleTable::Parse(
      R"({"roles": {"kiwix": {"source": "service", "unit": "kiwix.service"}, "aaa": {"source": "install"},
                    "zzz": {"source": "service", "unit": "z.service", "unit_variable": "z_unit"}}})");
  ASSERT_TRUE(table);
  EXPECT_EQ(table->Rows().size(), 35U);
  EXPECT_EQ(table->Find("kiwix")->unit_or_file, "kiwix.service");
  EXPECT_EQ(table->Find("zzz")->unit_variable, "z_unit");
  EXPECT_TRUE(std::ranges::is_sorted(table->Rows(), {}, &RoleRow::name));
}

TEST(RoleTable, BadRowsAreLeftOutAndNamed) {
  for (const char* row : {R"("kiwix": 1)", R"("kiwix": {})", R"("kiwix": {"source": "magic"})",
                          R"("kiwix": {"source": "service"})", R"("kiwix": {"source": "service", "unit": "--help"})",
                          R"("kiwix": {"source": "nginx-conf", "file": "../passwd"})",
                          R"("../x": {"source": "install"})", R"("": {"source": "install"})"}) {
    const auto table = RoleTable::Parse(fmt::format(R"({{"roles": {{{}}}}})", row));
    ASSERT_TRUE(table) << row;
    EXPECT_EQ(table->Complaints().size(), 1U) << row;
    EXPECT_EQ(table->Find("kiwix")->unit_or_file, "kiwix-serve.service") << row;
    EXPECT_EQ(table->Rows().size(), 33U) << row;
  }
  for (const char* text : {"", "[]", "{", R"({"roles": []})", "{}"}) EXPECT_FALSE(RoleTable::Parse(text)) << text;
}

TEST(RoleTable, TheFileIsReadAgainWhenItChanges) {
  const test::ScratchDirectory scratch;
  RoleTableCache cache(scratch / "roles.json");
  EXPECT_EQ(cache.Get()->Rows().size(), 33U);
  test::Spit(scratch / "roles.json", R"({"roles": {"zzz": {"source": "install"}}})");
  EXPECT_EQ(cache.Get()->Rows().size(), 34U);
  test::Spit(scratch / "roles.json", "broken");
  EXPECT_EQ(cache.Get()->Rows().size(), 33U);
  ASSERT_EQ(cache.Get()->Complaints().size(), 1U);
  EXPECT_THAT(cache.Get()->Complaints()[0], testing::StartsWith(scratch / "roles.json: "));
}

TEST(Roles, AVariableMayNameTheUnit) {
  const RoleTable table;
  const RoleRow& samba = *table.Find("samba");
  std::optional<std::string> value;
  const VariableOf variable = [&](std::string_view name) { return name == "smb_service" ? value : std::nullopt; };
  EXPECT_EQ(UnitOrFileOf(samba, {}), "smbd.service");
  EXPECT_EQ(UnitOrFileOf(samba, variable), "smbd.service");
  for (const auto& [set, unit] : std::map<std::string, std::string>{{"smb", "smb.service"},
                                                                    {"smb.service", "smb.service"},
                                                                    {"", "smbd.service"},
                                                                    {"../x", "smbd.service"},
                                                                    {"-H host", "smbd.service"},
                                                                    {"a\nb", "smbd.service"}}) {
    value = set;
    EXPECT_EQ(UnitOrFileOf(samba, variable), unit) << set;
  }
}

TEST(InstalledRoles, FlatLinesWithTheBooleansOfYaml) {
  using testing::ElementsAre;
  EXPECT_THAT(
      InstalledRoles("# written by hand\nkiwix_installed: True\n  indented_installed: True\ncups_installed: no\n"
                     "a_installed: yes # sure\nb_installed: \"true\"\nc_installed: Trueish\nd_installed:\n"
                     "e_installed: True\ne_installed: False\nf_installed True\nkiwix_enabled: True\r\n"),
      ElementsAre("  indented", "a", "b", "kiwix"));
  EXPECT_THAT(InstalledRoles(""), ElementsAre());
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
