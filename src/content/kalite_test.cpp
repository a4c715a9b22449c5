#include "content/kalite.hpp"

#include <gmock/gmock.h>

namespace cmdsrv {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Kalite, Names) {
  for (const char* good : {"en", "es", "fr", "hi", "pt-BR", "pt-PT"}) EXPECT_TRUE(IsKaliteLanguage(good)) << good;
  for (const char* bad : {"", "EN", "pt-br", "de", "en ", "../en"}) EXPECT_FALSE(IsKaliteLanguage(bad)) << bad;
  for (const char* good : {"khan/math/", "khan/math-2/a_b/", "x"}) EXPECT_TRUE(IsKaliteTopic(good)) << good;
  for (const char* bad : {"", "-h", "khan/%/", "a b", "khan/../etc", "k'x", "k\n"})
    EXPECT_FALSE(IsKaliteTopic(bad)) << bad;
  EXPECT_TRUE(IsKaliteTopic(std::string(500, 'x')));
  EXPECT_FALSE(IsKaliteTopic(std::string(501, 'x')));
  EXPECT_TRUE(IsKaliteVideo("-aZ_09"));
  for (const char* bad : {"", "..", "a/b", "a.mp4", "a b"}) EXPECT_FALSE(IsKaliteVideo(bad)) << bad;
}

TEST(Kalite, CompleteTopicsAreTheUppermostOnes) {
  EXPECT_THAT(CompleteTopics({{"khan/", 5, 9},
                              {"khan/math/", 3, 4},
                              {"khan/math/algebra/", 3, 3},
                              {"khan/math/algebra/lines/", 3, 3},
                              {"khan/math/geometry/", 0, 1},
                              {"khan/science/", 2, 2},
                              {"khan/science/water/", 2, 2},
                              {"khan/mathless/", 0, 3}}),
              ElementsAre("khan/math/algebra/", "khan/science/"));
  EXPECT_THAT(CompleteTopics({}), IsEmpty());
  EXPECT_THAT(CompleteTopics({{"elsewhere/x/", 1, 1}, {"khan/broken", 1, 1}, {"khan//", 1, 1}}), ElementsAre("khan//"));
}

}  // namespace
}  // namespace cmdsrv
