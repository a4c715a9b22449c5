#include "content/variables.hpp"

#include <gmock/gmock.h>

#include "content/shared_data.hpp"
#include "content/yaml_reader.hpp"
#include "support/scratch.hpp"

namespace cmdsrv {
namespace {

using test::ScratchDirectory;
using test::Spit;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

json::object Values(std::string_view yaml) { return ValuesOf(*ReadYaml(yaml)); }

TEST(RenderVariables, GoesOnUntilNothingChanges) {
  const Rendered rendered = RenderVariables(Values(R"(
doc_root: "{{ doc_base }}/html"
doc_base: "{{ content_base }}/www"
content_base: /library
port: "{{ 8085 if is_proot else 80 }}"
is_proot: False
odd: "{{ ansible_facts['kernel'] }}"
uses_odd: "<{{ odd }}>"
)"));
  EXPECT_EQ(rendered.values.at("doc_root"), "/library/www/html");
  EXPECT_EQ(rendered.values.at("port"), "80");
  EXPECT_EQ(rendered.values.at("odd"), "{{ ansible_facts['kernel'] }}");
  EXPECT_EQ(rendered.values.at("uses_odd"), "<{{ ansible_facts['kernel'] }}>");
  EXPECT_EQ(rendered.values.at("is_proot"), false);
  EXPECT_THAT(rendered.unresolved, IsEmpty());
}

TEST(RenderVariables, LeavesCirclesAlone) {
  const Rendered rendered = RenderVariables(Values(R"(
a: "{{ b }}x"
b: "{{ a }}y"
self: "{{ self }}{{ self }}"
behind: "{{ a }}"
good: "{{ base }}"
base: 1
)"));
  EXPECT_EQ(rendered.values.at("a"), "{{ b }}x");
  EXPECT_EQ(rendered.values.at("self"), "{{ self }}{{ self }}");
  EXPECT_EQ(rendered.values.at("good"), "1");
  EXPECT_THAT(rendered.unresolved, UnorderedElementsAre("a", "b", "self", "behind"));
}

TEST(RenderVariables, IsBounded) {
  json::object doubling = {{"v0", std::string(100, 'x')}};
  for (int i = 1; i < 12; ++i) {
    std::string text;
    for (int k = 0; k < 10; ++k) text += fmt::format("{{{{ v{} }}}}", i - 1);
    doubling[fmt::format("v{}", i)] = text;
  }
  const Rendered rendered = RenderVariables(doubling);
  for (const auto& [name, value] : rendered.values) EXPECT_LE(value.get_string().size(), 65'536U) << name;
  EXPECT_THAT(rendered.unresolved, ElementsAre("v11")) << "one more than ten rounds";
}

TEST(EffectiveVariables, LocalOnesWinAndSeeBoth) {
  const json::object defaults = Values("content_base: /library\ndoc_root: \"{{ content_base }}/www\"\nname: box\n");
  const json::object local = Values("content_base: /data\nmine: \"{{ content_base }}/{{ name }}\"\nname: school\n");
  const Rendered effective = EffectiveVariables(defaults, local);
  EXPECT_EQ(effective.values.at("content_base"), "/data");
  EXPECT_EQ(effective.values.at("doc_root"), "/library/www") << "the defaults are rendered among themselves";
  EXPECT_EQ(effective.values.at("mine"), "/data/school");
  EXPECT_EQ(effective.values.size(), 4U);
}

class VariablesFiles : public ::testing::Test {
 protected:
  VariablesFiles() {
    Spit(defaults, "kiwix_enabled: False\nname: box\nhostapd_password: changeme\nadmin_pwd: x\n");
    Spit(local, "kiwix_enabled: True\n");
  }
  ScratchDirectory scratch;
  const std::string defaults = scratch / "default_vars.yml";
  const std::string local = scratch / "local_vars.yml";
  VariablesCache cache{defaults, local, {"_password", "_pwd"}};
};

TEST_F(VariablesFiles, AreReadAgainWhenTheyChange) {
  const auto before = cache.Get();
  EXPECT_TRUE(before->Flag("kiwix_enabled"));
  EXPECT_EQ(before->Text("name"), "box");
  EXPECT_EQ(cache.Get(), before) << "nothing has changed";
  Spit(local, "kiwix_enabled: False\nname: school\n");
  EXPECT_FALSE(cache.Get()->Flag("kiwix_enabled"));
  EXPECT_EQ(cache.Get()->Text("name"), "school");
  EXPECT_TRUE(before->Flag("kiwix_enabled")) << "who holds the old one keeps it";
}

TEST_F(VariablesFiles, SecretsAreNotShown) {
  EXPECT_EQ(cache.Get()->shown, R"({"kiwix_enabled":true,"name":"box","hostapd_password":"changeme"})");
  EXPECT_EQ(cache.Get()->Text("admin_pwd"), "x") << "the server itself knows them";
}

TEST_F(VariablesFiles, ABrokenFileKeepsTheLastGoodValues) {
  (void)cache.Get();
  Spit(local, "kiwix_enabled: True\nname: \"open\nmore: x\n");
  const auto broken = cache.Get();
  EXPECT_EQ(broken->local_problem, fmt::format("Error in {} line 4", local));
  EXPECT_TRUE(broken->Flag("kiwix_enabled"));
  Spit(defaults, "- a list\n");
  EXPECT_EQ(cache.Get()->defaults_problem, fmt::format("Error in {} line 1", defaults));
  EXPECT_TRUE(cache.Get()->Flag("kiwix_enabled"));
  Spit(defaults, "name: box\n");
  Spit(local, "");
  EXPECT_THAT(cache.Get()->local_problem, IsEmpty());
  EXPECT_FALSE(cache.Get()->Flag("kiwix_enabled"));
}

TEST_F(VariablesFiles, AMissingLocalFileIsAnEmptyOne) {
  std::filesystem::remove(local);
  EXPECT_THAT(cache.Get()->local_problem, IsEmpty());
  EXPECT_EQ(cache.Get()->Text("name"), "box");
  std::filesystem::remove(defaults);
  EXPECT_THAT(cache.Get()->defaults_problem, HasSubstr("There is no"));
}

TEST_F(VariablesFiles, WhatALinkLeadsToMayChange) {
  Spit(scratch / "real", "name: one\n");
  std::filesystem::remove(defaults);
  std::filesystem::create_symlink(scratch / "real", defaults);
  const auto first = cache.Get();
  Spit(scratch / "real", "name: two\n");
  EXPECT_NE(cache.Get()->defaults_problem + cache.Get()->Text("name"), "one");
}

TEST(EffectiveVariables, OfTheRealDefaults) {
  CMDSRV_NEEDS_SHARED_DATA();
  const json::object defaults = Values(test::SharedText("default_vars.yml"));
  const Rendered effective = EffectiveVariables(defaults, {});
  EXPECT_THAT(effective.unresolved, IsEmpty());
  EXPECT_EQ(effective.values.at("doc_root"), "/library/www/html");
  EXPECT_EQ(effective.values.at("iiab_ini_file"), "/etc/iiab/iiab.ini");
  for (const auto& [name, value] : effective.values) {
    if (!value.is_string()) continue;
    EXPECT_THAT(std::string(value.get_string()), Not(HasSubstr("{{"))) << name;
  }
}

}  // namespace
}  // namespace cmdsrv
