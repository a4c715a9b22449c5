#include "content/zim_names.hpp"

#include <gtest/gtest.h>

namespace cmdsrv {
namespace {

TEST(ZimNames, StemIsTheLastPartUpToTheFirstZim) {
  const std::pair<const char*, const char*> cases[] = {
      {"https://h/wikipedia_en_all_maxi_2024-01.zim.meta4", "wikipedia_en_all_maxi_2024-01"},
      {"content/test.zim", "test"},
      {"a.zimaa", "a"},
      {"plain", "plain"},
      {"dir/", ""},
      {"", ""},
  };
  for (const auto& [text, stem] : cases) EXPECT_EQ(ZimStem(text), stem) << text;
}

TEST(ZimNames, PermaRefHasNoVersion) {
  const std::pair<const char*, const char*> cases[] = {
      {"wikipedia_en_all_maxi_2024-01.zim", "wikipedia_en_all_maxi"},
      {"https://h/chemistry.stackexchange.com_en_all_2023-05.zim.meta4", "chemistry.stackexchange.com_en_all"},
      {"phet_zh-cn_2022-06.zim", "phet_zh-cn"},
      {"test.zim", "test"},
      {"x_2024-13.zim", "x_2024-13"},
      {"x_2024-00.zim", "x_2024-00"},
      {"a_1999-01.zim", "a_1999-01"},
      {"_2024-01.zim", "_2024-01"},
      {"x_2024-12", "x"},
      {"x_20a4-12", "x_20a4-12"},
  };
  for (const auto& [text, perma_ref] : cases) EXPECT_EQ(PermaRef(text), perma_ref) << text;
}

}  // namespace
}  // namespace cmdsrv
