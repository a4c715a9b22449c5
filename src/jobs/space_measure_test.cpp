#include "jobs/space_measure.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "platform/files.hpp"
#include "support/scratch.hpp"

namespace cmdsrv::test {
namespace {

class Measuring : public testing::Test {
 protected:
  Measuring() {
    for (const char* directory : {"working", "working/module", "working/module/.cmdsrv-partial"})
      std::filesystem::create_directory(scratch / directory);
    Write("working/module/page", 100'000);
    Write("working/module/.cmdsrv-partial/film", 300'000);
  }
  void Write(const std::string& name, std::size_t bytes) {
    ASSERT_TRUE(WriteFileAtomically(scratch / name, std::string(bytes, 'x')));
  }
  ScratchDirectory scratch;
};

TEST_F(Measuring, CountsFilesDirectoriesAndHiddenParts) {
  const SpaceClaim claim{
      .directory = scratch / "not/yet/there", .bytes = 1, .grows = {scratch / "working/module/", scratch / "none"}};
  const auto measured = Measure(claim, {.directory = "/proc", .bytes = 7});
  EXPECT_GE(measured.there, 400'000U);
  EXPECT_LT(measured.there, 420'000U);
  ASSERT_TRUE(measured.volume);
  const auto space = SpaceAt(scratch.Path());
  ASSERT_TRUE(space);
  EXPECT_EQ(measured.volume->id, space->device);
  EXPECT_EQ(measured.volume->name, space->mount_point);
  EXPECT_EQ(measured.volume->floor, 0U) << "the system lies elsewhere";
}

TEST_F(Measuring, HolesAreNotThere) {
  std::filesystem::resize_file(scratch / "working/module/page", 50'000'000);
  EXPECT_LT(Measure({.directory = scratch.Path(), .grows = {scratch / "working/module/page"}}, {}).there, 200'000U);
}

TEST_F(Measuring, LinksAreNotFollowed) {
  std::filesystem::create_directory_symlink(scratch / "working", scratch / "link");
  EXPECT_EQ(Measure({.directory = scratch.Path(), .grows = {scratch / "link"}}, {}).there, 0U);
}

TEST_F(Measuring, TheSystemKeepsItsFloor) {
  const auto volume = VolumeOf(scratch.Path(), {.directory = scratch / "working", .bytes = 77});
  ASSERT_TRUE(volume);
  EXPECT_EQ(volume->floor, 77U);
}

}  // namespace
}  // namespace cmdsrv::test
