#include "support/box/box.hpp"

#include <gmock/gmock.h>
#include <zim/archive.h>

#include <pugixml.hpp>

#include "base/text.hpp"
#include "support/box/mirror.hpp"
#include "support/files.hpp"
#include "support/run.hpp"
#include "support/test_box.hpp"

namespace cmdsrv::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

json::object ReadObject(const std::string& path) {
  const auto value = OrThrow(ParseJson(OrThrow(ReadText(path))));
  return value.as_object();
}

TEST(MakeZim, GivesASoundFileThatSaysWhatItIs) {
  const TestBox box;
  ZimSpec spec;
  spec.file_ref = "pumps_fr_all_mini_2026-07";
  spec.title = "Pompes & puits";
  spec.language = "fra";
  spec.flavour = "mini";
  const std::string path = OrThrow(MakeZim(box.Path("/tmp"), spec));
  EXPECT_EQ(path, box.Path("/tmp/pumps_fr_all_mini_2026-07.zim"));
  EXPECT_TRUE(IsSoundZim(path));
  const ZimFacts facts = OrThrow(ReadZimFacts(path));
  EXPECT_EQ(facts.title, "Pompes & puits");
  EXPECT_EQ(facts.language, "fra");
  EXPECT_EQ(facts.name, "pumps_fr_all");
  EXPECT_EQ(facts.flavour, "mini");
  EXPECT_EQ(facts.date, spec.date);
  EXPECT_EQ(facts.articles, spec.articles);
  EXPECT_EQ(facts.bytes, SizeOf(path));
  EXPECT_TRUE(zim::Archive(path).hasIllustration(48));
  EXPECT_THAT(NamesIn(box.Path("/tmp")), ElementsAre("pumps_fr_all_mini_2026-07.zim")) << "a temporary file was left";
}

TEST(MakeZim, SameSpecSameUuidOtherSeedOtherUuidAndContent) {
  const TestBox box;
  ZimSpec spec;
  spec.payload_bytes = 5000;
  const ZimFacts first = OrThrow(ReadZimFacts(OrThrow(MakeZim(box.Path("/tmp/a"), spec))));
  const ZimFacts again = OrThrow(ReadZimFacts(OrThrow(MakeZim(box.Path("/tmp/b"), spec))));
  spec.seed = 2;
  const ZimFacts other = OrThrow(ReadZimFacts(OrThrow(MakeZim(box.Path("/tmp/c"), spec))));
  EXPECT_EQ(first.uuid, again.uuid);
  EXPECT_NE(first.uuid, other.uuid);
  EXPECT_NE(Sha256(OrThrow(ReadText(first.path))), Sha256(OrThrow(ReadText(other.path))));
}

TEST(MakeZim, PayloadDoesNotCompress) {
  const TestBox box;
  ZimSpec spec;
  spec.payload_bytes = 1'500'000;
  const std::string path = OrThrow(MakeZim(box.Path("/tmp"), spec));
  EXPECT_GT(SizeOf(path), 1'500'000U);
  EXPECT_LT(SizeOf(path), 1'600'000U);
}

TEST(MakeZim, FullTextIndexIsThereOnlyWhenAsked) {
  const TestBox box;
  ZimSpec spec;
  const zim::Archive without(OrThrow(MakeZim(box.Path("/tmp"), spec)));
  spec.file_ref = "indexed_en_all_maxi_2026-01";
  spec.full_text_index = true;
  const zim::Archive with(OrThrow(MakeZim(box.Path("/tmp"), spec)));
  EXPECT_FALSE(without.hasFulltextIndex());
  EXPECT_TRUE(with.hasFulltextIndex());
}

TEST(IsSoundZim, SaysNoToAFlippedByteAndToACutFile) {
  const TestBox box;
  const std::string path = OrThrow(MakeZim(box.Path("/tmp"), {}));
  std::string bytes = OrThrow(ReadText(path));
  std::string flipped = bytes;
  flipped[flipped.size() / 2] ^= 0x55;
  OrThrow(WriteText(path, flipped));
  EXPECT_FALSE(IsSoundZim(path));
  OrThrow(WriteText(path, bytes.substr(0, bytes.size() / 2)));
  EXPECT_FALSE(IsSoundZim(path));
}

TEST(MakeBox, ListsTheInstalledZimWithARelativePath) {
  const TestBox box;
  pugi::xml_document library;
  ASSERT_TRUE(library.load_file(box.Path("/library/zims/library.xml").c_str()));
  const auto book = library.child("library").child("book");
  EXPECT_STREQ(book.attribute("path").value(), "content/village_en_all_maxi_2025-06.zim");
  EXPECT_STREQ(book.attribute("language").value(), "eng");
  EXPECT_FALSE(book.next_sibling("book"));
  const auto index = ReadObject(box.Path("/library/www/html/common/assets/zim_version_idx.json"));
  EXPECT_EQ(index.at("village_en_all_maxi").at("file_name"), "village_en_all_maxi_2025-06");
}

TEST(MakeBox, ConfigurationNamesAnAccountThatExistsAndPathsThatExist) {
  const TestBox box;
  const auto conf = ReadObject(box.Path(box::kConfigFile)).at("cmdsrv_conf").as_object();
  EXPECT_EQ(RunTool({"id", "-un"}).output, std::string(TextMember(conf, "apache_user")) + "\n");
  for (const char* key :
       {"iiab_ini_file", "iiab_local_vars_file", "kiwix_catalog_file", "oer2go_catalog_file", "adm_maps_catalog_path",
        "zim_dir", "zim_working_dir", "modules_dir", "doc_root", "js_menu_dir", "vector_map_tiles_path", "iiab_repo"}) {
    EXPECT_TRUE(Exists(box.Path(TextMember(conf, key)))) << key;
  }
}

TEST(MakeBox, MenuItemsAllHaveADefinition) {
  const TestBox box;
  const std::string files = box.Path("/library/www/html/js-menu/menu-files");
  const auto menu = ReadObject(box.Path("/library/www/html/home/menu.json"));
  for (const auto& item : menu.at("menu_items_1").as_array()) {
    const std::string name(item.as_string());
    const auto definition = ReadObject(fmt::format("{}/menu-defs/{}.json", files, name));
    EXPECT_EQ(TextMember(definition, "name"), name);
    EXPECT_TRUE(Exists(fmt::format("{}/images/{}", files, TextMember(definition, "logo_url")))) << name;
  }
}

TEST(MakeBox, AgainAddsWhatIsMissingAndKeepsTheRest) {
  const TestBox box;
  OrThrow(WriteText(box.Path("/etc/iiab/local_vars.yml"), "changed: by hand\n"));
  const auto zim_before = ReadObject(box.Path(box::kCatalogFile));
  RunTool({"rm", box.Path("/etc/iiab/iiab.ini")});
  ASSERT_FALSE(Exists(box.Path("/etc/iiab/iiab.ini")));
  OrThrow(MakeBox(box.Root(), SmallBox()));
  EXPECT_EQ(OrThrow(ReadText(box.Path("/etc/iiab/local_vars.yml"))), "changed: by hand\n");
  EXPECT_THAT(OrThrow(ReadText(box.Path("/etc/iiab/iiab.ini"))), HasSubstr("[kiwix]"));
  EXPECT_EQ(ReadObject(box.Path(box::kCatalogFile)), zim_before);
}

TEST(MakeBox, CatalogOffersTheMirrorAndIsPadded) {
  ZimSpec spec;
  spec.payload_bytes = 10'000;
  const TestBox box(SmallBox({spec}));
  const auto zims = ReadObject(box.Path(box::kCatalogFile)).at("zims").as_object();
  EXPECT_EQ(zims.size(), 120U);
  const ZimFacts facts = MirrorZims(box.Root(), "other").at(0);
  const auto& entry = zims.at(facts.uuid).as_object();
  EXPECT_EQ(entry.at("file_ref"), "demo_en_all_maxi_2026-01");
  EXPECT_EQ(entry.at("perma_ref"), "demo_en_all_maxi");
  EXPECT_EQ(entry.at("category"), "Other");
  EXPECT_EQ(entry.at("description"), "A &quot;demo&quot; of a few pages");
  EXPECT_EQ(entry.at("sequence"), 5);  // pictures and details, no videos
  EXPECT_NEAR(static_cast<double>(*ToInteger(TextMember(entry, "size"))), static_cast<double>(facts.bytes) / 1024,
              0.51);
}

TEST(PermaRef, CutsADateOfThisCenturyOnly) {
  EXPECT_EQ(PermaRef("wikipedia_en_all_maxi_2024-01"), "wikipedia_en_all_maxi");
  EXPECT_EQ(PermaRef("phet_zh-cn_2022-06"), "phet_zh-cn");
  EXPECT_EQ(PermaRef("x_2024-13"), "x_2024-13");
  EXPECT_EQ(PermaRef("a_1999-01"), "a_1999-01");
  EXPECT_EQ(PermaRef("test"), "test");
}

TEST(StandIns, SystemctlKnowsUnitsAndRecordsCalls) {
  const TestBox box;
  const std::string systemctl = box.Path("/usr/bin/systemctl");
  EXPECT_EQ(RunTool({systemctl, "is-active", "kiwix-serve.service"}).status, 0);
  EXPECT_EQ(RunTool({systemctl, "is-active", "--quiet", "kiwix-serve"}).status, 0) << "a bare name means a service";
  EXPECT_EQ(RunTool({systemctl, "is-active", "kolibri.service"}).status, 3);
  EXPECT_EQ(RunTool({systemctl, "stop", "kiwix-serve"}).status, 0);
  EXPECT_EQ(RunTool({systemctl, "is-active", "kiwix-serve"}).status, 3);
  EXPECT_EQ(RunTool({systemctl, "restart", "kiwix-serve"}).status, 0);
  EXPECT_EQ(RunTool({systemctl, "is-active", "kiwix-serve"}).status, 0);
  EXPECT_THAT(box.CallsOf("systemctl"), HasSubstr("stop kiwix-serve\nis-active kiwix-serve\nrestart kiwix-serve\n"));
}

TEST(BoxProgram, MakesABoxAndRefusesNonsense) {
  const TestBox box;
  const std::string root = box.Path("/tmp/another");
  const RunEnd made = RunTool({BuiltProgram("bin/iiab-box"), "make", "--root", root, "--zims", "1"});
  EXPECT_EQ(made.status, 0) << made.output;
  EXPECT_EQ(made.output, "");
  EXPECT_THAT(NamesIn(root + "/internet/zim/other"), ElementsAre("demo_en_all_maxi_2026-01.zim"));
  EXPECT_NE(RunTool({BuiltProgram("bin/iiab-box"), "make"}).status, 0);
  EXPECT_NE(RunTool({BuiltProgram("bin/iiab-box"), "make", "--root", "/proc/none"}).status, 0);
}

}  // namespace
}  // namespace cmdsrv::test
