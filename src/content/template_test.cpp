#include "content/template.hpp"

#include <gmock/gmock.h>

namespace cmdsrv {
namespace {

using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::Optional;

constexpr std::size_t kMost = 1000;

std::optional<std::string> Render(std::string_view text) {
  static const json::object kValues = {
      {"content_base", "/library"}, {"game", "mineclone"},    {"is_proot", false}, {"port", 80}, {"ratio", 8.3},
      {"nothing", nullptr},         {"list", json::array{1}}, {"word", "MiXed"}};
  const auto parsed = Template::Parse(text);
  if (!parsed) return std::nullopt;
  return parsed->Render([](std::string_view name) { return kValues.if_contains(name); }, kMost);
}

TEST(Template, RendersTheFormsThatOccur) {
  EXPECT_THAT(Render("{{ content_base }}/zims"), Optional(Eq("/library/zims")));
  EXPECT_THAT(Render("{{content_base}}/games/{{ game }}_game"), Optional(Eq("/library/games/mineclone_game")));
  EXPECT_THAT(Render("{{ 8085 if is_proot else 80 }}"), Optional(Eq("80")));
  EXPECT_THAT(Render("{{ port }} {{ ratio }} {{ is_proot }} {{ nothing }}"), Optional(Eq("80 8.3 False None")));
  EXPECT_THAT(Render("[{{ unknown }}]"), Optional(Eq("[]")));
  EXPECT_THAT(Render("{{ 'x' }}\n"), Optional(Eq("x")));
  EXPECT_THAT(Render("plain"), Optional(Eq("plain")));
}

TEST(Template, KnowsTheClosedSubset) {
  EXPECT_THAT(Render("{{ unknown | default('d') }}"), Optional(Eq("d")));
  EXPECT_THAT(Render("{{ (unknown | default(word)) | lower }}"), Optional(Eq("mixed")));
  EXPECT_THAT(Render("{{ word|upper }}"), Optional(Eq("MIXED")));
  EXPECT_THAT(Render("{{ port == 80 and not is_proot }}"), Optional(Eq("True")));
  EXPECT_THAT(Render("{{ word == 'mixed' or 'no' }}"), Optional(Eq("no")));
  EXPECT_THAT(Render("{{ 'a' if unknown else 'b' if is_proot else 'c' }}"), Optional(Eq("c")));
  EXPECT_THAT(Render("{{ 'a' if is_proot }}"), Optional(Eq("")));
  EXPECT_THAT(Render("{{ '}}' }}"), Optional(Eq("}}")));
  EXPECT_THAT(Render("{{ -1.5 }}"), Optional(Eq("-1.5")));
}

TEST(Template, LeavesEverythingElseAlone) {
  for (const char* text : {"{{ a.b }}",
                           "{{ a['b'] }}",
                           "{{ f() }}",
                           "{{ lookup('pipe', 'id') }}",
                           "{% if x %}{% endif %}",
                           "{# x #}",
                           "{{ x | int }}",
                           "{{ x + 1 }}",
                           "{{ x",
                           "{{ }}",
                           "{{- x -}}",
                           "{{ x is defined }}",
                           "{{ 'a\\'b' }}",
                           "{{ x != 1 }}",
                           "{{ if }}",
                           "{{ 1x }}",
                           "{{ 1.2.3 }}",
                           "{{ default(x) }}",
                           "{{ list }}",
                           "{{ (x }}",
                           "{{ not }}",
                           "{{ x == }}"})
    EXPECT_EQ(Render(text), std::nullopt) << text;
}

TEST(Template, IsBounded) {
  EXPECT_EQ(Render("{{ " + std::string(5000, '(') + "x" + std::string(5000, ')') + " }}"), std::nullopt);
  std::string nots = "{{ ";
  for (int i = 0; i < 5000; ++i) nots += "not ";
  EXPECT_EQ(Render(nots + "x }}"), std::nullopt);
  std::string long_one;
  for (int i = 0; i < 200; ++i) long_one += "{{ content_base }}";
  EXPECT_EQ(Render(long_one), std::nullopt) << "more than may come out";
}

TEST(Template, TellsItsNames) {
  EXPECT_THAT(Template::Parse("{{ a if b == 'c' else d | default(e) }}")->Names(), ElementsAre("a", "b", "d", "e"));
}

}  // namespace
}  // namespace cmdsrv
