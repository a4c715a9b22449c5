#include "content/presets.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "content/shared_data.hpp"

namespace cmdsrv {
namespace {

TEST(Presets, MissingListsAreEmpty) {
  for (const char* text : {"{}", R"({"zims": [], "kolibri": {}, "kalite": {}})", R"({"zims": null})"}) {
    const auto content = ParsePresetContent(text);
    ASSERT_TRUE(content) << text;
    EXPECT_TRUE(content->zims.empty() && content->modules.empty() && content->maps.empty() &&
                content->channels.empty());
  }
}

TEST(Presets, ContentOfStrangers) {
  const auto content =
      ParsePresetContent(R"({"zims": ["a", 5, "a", null], "kolibri": {"lang_code": "../x", "channels": [
    {"channel_id": "c9d7f950ab6b5a1199e3d6c10d7f0103"}, {"channel_id": "--help"}, 5,
    {"channel_id": "c9d7f950ab6b5a1199e3d6c10d7f0103", "node_id": "x"}]}})");
  ASSERT_TRUE(content);
  EXPECT_EQ(content->zims, std::vector<std::string>{"a"});
  EXPECT_EQ(content->channels.size(), 1U);
  EXPECT_EQ(content->kolibri_language, "");
  for (const char* text : {"", "[]", "{", R"({"zims": "a"})", R"({"maps": {}})"})
    EXPECT_FALSE(ParsePresetContent(text)) << text;
}

TEST(Presets, TheSevenRealOnes) {
  CMDSRV_NEEDS_SHARED_DATA();
  const std::string directory = test::SharedPath("presets/");
  const auto list = ListPresets(directory);
  EXPECT_EQ(list.presets.size(), 7U);
  EXPECT_TRUE(list.skipped.empty());
  EXPECT_EQ(list.presets.begin()->key(), "en-school");
  for (const auto& [id, shown] : list.presets) {
    EXPECT_TRUE(shown.at("size_in_gb").is_number()) << id;
    const auto preset = ReadPreset(directory, std::string(id));
    ASSERT_TRUE(preset) << preset.error().message;
    EXPECT_FALSE(preset->content.zims.empty()) << id;
    EXPECT_FALSE(preset->variables.empty()) << id;
    EXPECT_TRUE(IsSuppliedPreset(directory, std::string(id)));
  }
  EXPECT_FALSE(ReadPreset(directory, "../presets/test"));
  EXPECT_FALSE(ReadPreset(directory, "none"));
}

}  // namespace
}  // namespace cmdsrv
