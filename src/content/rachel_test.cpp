#include "content/rachel.hpp"

#include <gtest/gtest.h>

namespace cmdsrv {
namespace {

TEST(Rachel, TitleIsTheFirstHeading) {
  EXPECT_EQ(RachelTitle("<?php $x = '<h2>no</h2>'; ?><h2><a href='<?php echo 1 ?>'>Wells</a> </h2><h2>b</h2>"),
            "Wells");
  EXPECT_EQ(RachelTitle("<h2>a < b</h2>"), "a");
}

TEST(Rachel, PagesWithoutTitle) {
  for (const char* page : {"", "<h2>", "</h2><h2>", "<?php <h2>x</h2>", "<h2></h2>", "<h2><"})
    EXPECT_EQ(RachelTitle(page), "") << page;
}

}  // namespace
}  // namespace cmdsrv
