#include <gmock/gmock.h>

#include <fstream>
#include "base/text.hpp"

#include "commands/fake_box.hpp"
#include "support/run.hpp"

namespace cmdsrv {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

class LibraryCommands : public testing::Test {
 protected:
  LibraryCommands() {
    for (const char* directory : {"/library/downloads/zims", "/library/downloads/rachel", "/library/www"})
      fs::create_directories(box.root.Path(directory));
    box.Write(box.root.Path("/etc/secret"), "secret");
  }
  std::string InLibrary(const std::string& name) const { return box.root.Path("/library/" + name); }
  std::string List(const std::string& sub_dir) {
    return TextOf(box.Ask("LIST-LIBR", PrintJson(json::object{{"sub_dir", sub_dir}})));
  }
  std::string Delete(const std::string& sub_dir, const std::vector<std::string>& names) {
    json::array list;
    for (const std::string& name : names) list.emplace_back(name);
    return TextOf(box.Ask("DEL-DOWNLOADS", PrintJson(json::object{{"sub_dir", sub_dir}, {"file_list", list}})));
  }
  FakeBox box;
};

TEST_F(LibraryCommands, ListsFilesWithTheirSizes) {
  box.Write(InLibrary("downloads/zims/a.zip"), std::string(50'000, 'x'));
  fs::create_directories(InLibrary("downloads/zims/inner"));
  box.Write(InLibrary("downloads/zims/inner/b ü.zip"), "x");
  const auto reply = box.Ask("LIST-LIBR", R"({"sub_dir": "downloads/zims"})");
  const auto& object = std::get<json::value>(std::get<Answer>(*reply)).get_object();
  EXPECT_EQ(object.at("path"), "/library/downloads/zims");
  std::vector<std::string> names;
  for (const json::value& file : object.at("file_list").get_array())
    names.emplace_back(file.at("filename").get_string());
  EXPECT_THAT(names, ElementsAre("a.zip", "b ü.zip", "inner"));
}

TEST_F(LibraryCommands, ListsWhatDuLists) {
  fs::create_directories(InLibrary("downloads/zims/inner/deep"));
  for (const auto& [name, size] : std::map<std::string, std::size_t>{{"a", 1},
                                                                     {"b", 5000},
                                                                     {"c", 3'000'000},
                                                                     {"inner/d", 12'345},
                                                                     {"inner/deep/e", 0},
                                                                     {"inner/deep/f", 1'200'000}})
    box.Write(InLibrary("downloads/zims/" + name), std::string(size, 'x'));
  ::sync();  // sizes on the disk are known when it is there
  const auto reply = box.Ask("LIST-LIBR", R"({"sub_dir": "downloads/zims"})");
  std::vector<std::string> ours;
  for (const json::value& file : std::get<json::value>(std::get<Answer>(*reply)).at("file_list").get_array())
    ours.push_back(fmt::format("{} {}", std::string_view(file.at("size").get_string()),
                               std::string_view(file.at("filename").get_string())));
  std::vector<std::string> theirs;
  const auto du = test::RunTool({"du", "-ah", InLibrary("downloads/zims")});
  for (const std::string_view line : Split(du.output, '\n')) {
    if (line.empty() || line.ends_with("/zims")) continue;
    theirs.push_back(fmt::format("{} {}", line.substr(0, line.find('\t')), line.substr(line.rfind('/') + 1)));
  }
  std::ranges::sort(ours);
  std::ranges::sort(theirs);
  EXPECT_EQ(ours, theirs);
}

TEST_F(LibraryCommands, ListLeavesTheLibraryByNoWay) {
  fs::create_directory_symlink(box.root.Path("/etc"), InLibrary("downloads/out"));
  fs::create_directory_symlink("..", InLibrary("up"));
  fs::create_directory_symlink("../../etc", InLibrary("downloads/relative"));
  for (const char* sub_dir : {"../etc", "downloads/../../etc", "..", "/../etc", "downloads/out", "up", "up/etc",
                              "downloads/relative", "no-such", "downloads/zims/../../..", "x --files0-from=/etc/shadow",
                              "--files0-from=/etc/shadow", "*", "downloads/z*"})
    EXPECT_EQ(List(sub_dir), "error: Path not Found.") << sub_dir;
  EXPECT_THAT(List(""), HasSubstr("sub_dir is empty"));
  EXPECT_THAT(TextOf(box.Ask("LIST-LIBR", "{}")), HasSubstr("missing"));
  EXPECT_THAT(TextOf(box.Ask("LIST-LIBR", R"({"sub_dir": 1})")), HasSubstr("must be a text"));
  EXPECT_THAT(TextOf(box.Ask("LIST-LIBR", R"({"sub_dir": "a\u0000b"})")), HasSubstr("NUL"));
}

TEST_F(LibraryCommands, ListFollowsLinksThatStayInTheLibrary) {
  box.Write(InLibrary("downloads/zims/a.zip"), "x");
  fs::create_directory_symlink("downloads", InLibrary("old"));
  EXPECT_THAT(List("old/zims"), HasSubstr(R"("filename":"a.zip")"));
  EXPECT_THAT(List("downloads/../downloads/zims/"), HasSubstr(R"("filename":"a.zip")"));
  EXPECT_EQ(List("downloads/zims/a.zip"), R"({"path":"/library/downloads/zims/a.zip","file_list":[]})");
}

TEST_F(LibraryCommands, ListDoesNotLookBehindLinksAndLeavesOutWhatCannotBeSentBack) {
  fs::create_directory_symlink(box.root.Path("/etc"), InLibrary("downloads/zims/out"));
  box.Write(InLibrary("downloads/zims/two\nlines"), "x");
  box.Write(InLibrary("downloads/zims/\xff.zip"), "x");
  const std::string reply = List("downloads/zims");
  EXPECT_THAT(reply, testing::Not(HasSubstr("secret")));
  EXPECT_THAT(reply, testing::Not(HasSubstr("lines")));
  EXPECT_THAT(reply, HasSubstr("\xEF\xBF\xBD.zip"));
}

TEST_F(LibraryCommands, ListOfTooManyFilesIsRefused) {
  for (int i = 0; i < 20'001; ++i) std::ofstream(InLibrary(fmt::format("www/{}", i)));
  EXPECT_EQ(List("www"), "error: Too many files to list.");
}

TEST_F(LibraryCommands, DeletesFilesByTheirExactNames) {
  for (const char* name : {"a.zip", "b c ü.zip", "-rf", "*", "keep.zip"})
    box.Write(InLibrary("downloads/zims/") + name, "x");
  EXPECT_EQ(Delete("zims", {"a.zip", "b c ü.zip", "-rf", "*"}), "success: ");
  EXPECT_THAT(*ListDirectory(InLibrary("downloads/zims")), ElementsAre("keep.zip"));
  box.Write(InLibrary("downloads/rachel/r.zip"), "x");
  EXPECT_EQ(Delete("rachel", {"r.zip"}), "success: ");
  EXPECT_FALSE(Look(InLibrary("downloads/rachel/r.zip")));
  EXPECT_EQ(Delete("zims", {}), "success: ");
}

TEST_F(LibraryCommands, DeleteOfWhatIsNotThereIsAnErrorAndTheRestGoesOn) {
  for (const char* name : {"a.zip", "z.zip"}) box.Write(InLibrary("downloads/zims/") + name, "x");
  EXPECT_EQ(Delete("zims", {"a.zip", "no.zip", "*.zip", "z.zip"}), "success: - Some errors occurred");
  EXPECT_TRUE(ListDirectory(InLibrary("downloads/zims"))->empty());
  fs::remove_all(InLibrary("downloads"));
  EXPECT_EQ(Delete("zims", {"a.zip"}), "success: - Some errors occurred");
}

TEST_F(LibraryCommands, DeleteTouchesNothingButFiles) {
  fs::create_directories(InLibrary("downloads/zims/inner"));
  box.Write(InLibrary("downloads/zims/inner/x"), "x");
  fs::create_directory_symlink(box.root.Path("/etc"), InLibrary("downloads/zims/link"));
  fs::create_symlink(box.root.Path("/etc/secret"), InLibrary("downloads/zims/secret"));
  EXPECT_EQ(Delete("zims", {"inner", "link", "secret"}), "success: - Some errors occurred");
  EXPECT_TRUE(Look(InLibrary("downloads/zims/inner/x")));
  EXPECT_TRUE(Look(box.root.Path("/etc/secret")));
}

TEST_F(LibraryCommands, DeleteWithDisallowedValuesIsMalformedAndDoesNothing) {
  box.Write(InLibrary("downloads/zims/a.zip"), "x");
  for (const char* name : {"", ".", "..", "../a", "a/../b", "/etc/secret", "a\nb"})
    EXPECT_THAT(Delete("zims", {"a.zip", name}), HasSubstr("file_list")) << name;
  for (const char* place : {"", "maps", "../zims", "zims/", "ZIMS"})
    EXPECT_THAT(Delete(place, {"a.zip"}), HasSubstr("sub_dir")) << place;
  EXPECT_THAT(TextOf(box.Ask("DEL-DOWNLOADS", R"({"sub_dir": "zims"})")), HasSubstr("missing"));
  EXPECT_THAT(TextOf(box.Ask("DEL-DOWNLOADS", R"({"sub_dir": "zims", "file_list": "a.zip"})")), HasSubstr("list"));
  EXPECT_THAT(TextOf(box.Ask("DEL-DOWNLOADS", R"({"sub_dir": "zims", "file_list": [["a.zip"]]})")), HasSubstr("text"));
  EXPECT_TRUE(Look(InLibrary("downloads/zims/a.zip")));
}

TEST_F(LibraryCommands, AnArchiveAtWorkIsNotDeleted) {
  box.Write(
      box.root.Path("/etc/iiab/kiwix_catalog.json"),
      R"({"zims": {"an-id": {"file_ref": "demo_2026-01", "perma_ref": "demo", "download_url": "http://x.org/a.zip",
                "url": "http://x.org/a.zim.meta4", "size": "5", "source": "portable"}}})");
  box.board.unfinished.push_back(
      {CommandId{1},
       R"(COPY-ZIMS {"source": "internal", "dest": "/media/usb0", "zim_id": "an-id", "file_ref": "demo_2026-01"})"});
  box.Write(InLibrary("downloads/zims/kiwix-0.9+demo_2026-01.zip"), "x");
  box.Write(InLibrary("downloads/zims/kiwix-0.9+demo_2026-01.zip.part"), "x");
  EXPECT_EQ(Delete("zims", {"kiwix-0.9+demo_2026-01.zip", "kiwix-0.9+demo_2026-01.zip.part"}),
            "success: - Some errors occurred");
  EXPECT_TRUE(Look(InLibrary("downloads/zims/kiwix-0.9+demo_2026-01.zip")));
  box.board.unfinished.clear();
  EXPECT_EQ(Delete("zims", {"kiwix-0.9+demo_2026-01.zip"}), "success: ");
}

}  // namespace
}  // namespace cmdsrv
