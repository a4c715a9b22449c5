#include "content/version_index.hpp"

#include <gmock/gmock.h>

namespace cmdsrv {
namespace {

LibraryBook Book(const std::string& path, std::vector<std::pair<std::string, std::string>> attributes) {
  attributes.insert(attributes.begin(), {"path", path});
  return {"id-of-" + path, path, std::move(attributes)};
}

TEST(BuildVersionIndex, DescribesTheNewestOfEachZim) {
  const auto languages = Languages::Parse(R"({"eng": {"iso2": "en"}})");
  MenuDefs defs;
  defs.defs.push_back({"en-demo", {{"intended_use", "html"}, {"zim_name", "demo_en"}}});
  defs.defs.push_back({"en-demo_en", {{"intended_use", "zim"}, {"zim_name", "demo_en"}}});
  const std::vector<LibraryBook> books = {
      Book("content/demo_en_2026-01.zim", {{"articleCount", "1234"},
                                           {"mediaCount", "99"},
                                           {"size", "34373"},
                                           {"tags", "wikipedia;_pictures:yes"},
                                           {"language", "eng,fra"},
                                           {"date", "2026-01-15"}}),
      Book("content/demo_en_2025-12.zim", {{"size", "1"}}),
      Book("content/bare.zim", {}),
      Book("content/no-file.zim", {}),
  };
  const json::object index =
      BuildVersionIndex({"bare", "demo_en_2025-12", "demo_en_2026-01", "not-in-library"}, books, defs, *languages);
  EXPECT_EQ(PrintJson(index),
            R"({"bare":{"file_name":"bare","menu_item":null,"article_count":"","media_count":"","size":"","tags":"",)"
            R"("language":"en","zim_date":""},)"
            R"("demo_en":{"file_name":"demo_en_2026-01","menu_item":"en-demo_en","article_count":"1234",)"
            R"("media_count":"99","size":"33.6M","tags":"wikipedia;_pictures:yes","language":"en",)"
            R"("zim_date":"2026-01-15"}})");
}

TEST(BuildVersionIndex, IsEmptyForAnEmptyLibrary) { EXPECT_TRUE(BuildVersionIndex({"x"}, {}, {}, {}).empty()); }

}  // namespace
}  // namespace cmdsrv
