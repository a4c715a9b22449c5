#include "content/images.hpp"

#include <gtest/gtest.h>

#include <string>

namespace cmdsrv {
namespace {

using namespace std::string_view_literals;

TEST(Images, AreKnownByTheirBytes) {
  EXPECT_EQ(ImageEnding("\x89PNG\r\n\x1a\n...."sv), ".png");
  EXPECT_EQ(ImageEnding("\xff\xd8\xff\xe0..."sv), ".jpg");
  EXPECT_EQ(ImageEnding("GIF89a..."sv), ".gif");
  for (const auto bytes : {""sv, "\x89PNG"sv, "<svg xmlns='x'/>"sv, "<?php GIF89a"sv, "GIF88a"sv})
    EXPECT_EQ(ImageEnding(bytes), "") << bytes;
}

TEST(Images, EndingMustSayTheSame) {
  EXPECT_TRUE(EndingFits("a.PNG", ".png"));
  EXPECT_TRUE(EndingFits("a.b.jpeg", ".jpg"));
  for (const char* name : {"a", "a.", "a.php", "a.png.php", "png"}) EXPECT_FALSE(EndingFits(name, ".png")) << name;
  EXPECT_FALSE(EndingFits("a", ""));
}

}  // namespace
}  // namespace cmdsrv
