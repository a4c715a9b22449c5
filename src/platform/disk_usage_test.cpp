#include "platform/disk_usage.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>

#include <filesystem>

#include "platform/unique_fd.hpp"
#include "support/scratch.hpp"

namespace cmdsrv {
namespace {

using testing::ElementsAre;
using testing::Field;

class DiskUsage : public testing::Test {
 protected:
  Result<std::vector<UsedBy>> Below(const UsageLimits& limits = {}) const {
    const UniqueFd directory(::open(scratch_.Path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return UsageBelow(directory.Get(), limits);
  }
  static std::vector<std::string> Names(const std::vector<UsedBy>& used) {
    std::vector<std::string> names;
    for (const UsedBy& one : used) names.push_back(one.name);
    return names;
  }
  test::ScratchDirectory scratch_;
};

TEST_F(DiskUsage, WhatIsInADirectoryComesBeforeIt) {
  std::filesystem::create_directories(scratch_ / "b/c");
  test::Spit(scratch_ / "b/c/file", std::string(100'000, 'x'));
  test::Spit(scratch_ / "a", "x");
  test::Spit(scratch_ / "a b\n\xff", "x");
  const auto used = Below();
  ASSERT_TRUE(used);
  EXPECT_THAT(Names(*used), ElementsAre("a", "a b\n\xff", "file", "c", "b"));
  EXPECT_GE((*used)[2].bytes, 100'000U);
  EXPECT_GE((*used)[4].bytes, (*used)[3].bytes);
  EXPECT_GE((*used)[3].bytes, (*used)[2].bytes);
}

TEST_F(DiskUsage, LinksAreListedAndNotFollowed) {
  std::filesystem::create_directory_symlink("/usr", scratch_ / "usr");
  std::filesystem::create_symlink("/nowhere", scratch_ / "broken");
  const auto used = Below();
  EXPECT_THAT(Names(*used), ElementsAre("broken", "usr"));
  EXPECT_LT((*used)[1].bytes, 100'000U);
}

TEST_F(DiskUsage, IsBounded) {
  for (int i = 0; i < 50; ++i) test::Spit(scratch_ / std::to_string(i), "");
  EXPECT_EQ(Below({.entries = 49}).error().code, ErrorCode::Refused);
  EXPECT_TRUE(Below({.entries = 50}));
  EXPECT_EQ(Below({.time = std::chrono::milliseconds(-1)}).error().code, ErrorCode::Timeout);
  std::string deep = scratch_.Path();
  for (int i = 0; i < 150; ++i) deep += "/d";
  std::filesystem::create_directories(deep);
  EXPECT_TRUE(Below());
}

}  // namespace
}  // namespace cmdsrv
