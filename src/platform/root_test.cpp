#include "platform/root.hpp"

#include <gmock/gmock.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/scratch.hpp"

namespace cmdsrv {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

class RootTest : public ::testing::Test {
 protected:
  void MakeProgram(const std::string& path, std::filesystem::perms mode = std::filesystem::perms::owner_all) {
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    test::Spit(path, "#!/bin/sh\n");
    std::filesystem::permissions(path, mode);
  }

  test::ScratchDirectory scratch_;
  Root box_ = Root::At(scratch_.Path()).value();
};

TEST_F(RootTest, RealRootChangesNothing) {
  EXPECT_FALSE(Root().IsBox());
  EXPECT_EQ(Root().Path("/etc/iiab"), "/etc/iiab");
  EXPECT_FALSE(Root::At("/").value().IsBox());
  EXPECT_EQ(Root::At("/").value().Path("/etc"), "/etc");
}

TEST_F(RootTest, BoxStandsBeforeAbsolutePathsOnly) {
  EXPECT_TRUE(box_.IsBox());
  EXPECT_EQ(box_.Path("/etc/iiab"), scratch_ / "etc/iiab");
  EXPECT_EQ(box_.Path("/"), scratch_ / "");
  EXPECT_EQ(box_.Path("scripts/x"), "scripts/x");
  EXPECT_EQ(box_.Path(""), "");
  EXPECT_EQ(box_.Path("/../../etc/passwd"), scratch_ / "etc/passwd");
  EXPECT_EQ(box_.Path("/a/..b/c"), scratch_ / "a/..b/c");
}

TEST_F(RootTest, DirectoryIsMadeAbsoluteAndMustExist) {
  const auto before = std::filesystem::current_path();
  std::filesystem::create_directory(scratch_ / "box");
  std::filesystem::current_path(scratch_.Path());
  EXPECT_EQ(Root::At("box").value().Directory(), scratch_ / "box");
  EXPECT_EQ(Root::At("./box/").value().Directory(), scratch_ / "box");
  std::filesystem::current_path(before);
  EXPECT_EQ(Root::At(scratch_ / "none").error().code, ErrorCode::Io);
  EXPECT_THAT(Root::At(scratch_ / "none").error().message, HasSubstr("no such file or directory"));
  test::Spit(scratch_ / "file", "");
  EXPECT_THAT(Root::At(scratch_ / "file").error().message, HasSubstr("not a directory"));
  EXPECT_FALSE(Root::At("").has_value());
}

TEST_F(RootTest, StandInOfTheBoxComesFirst) {
  EXPECT_EQ(box_.FindProgram("/bin/sh").value(), "/bin/sh");
  MakeProgram(scratch_ / "usr/bin/sh");
  EXPECT_EQ(box_.FindProgram("/bin/sh").value(), scratch_ / "usr/bin/sh");
  EXPECT_EQ(box_.FindProgram("sh").value(), scratch_ / "usr/bin/sh");
  EXPECT_EQ(Root().FindProgram("/bin/sh").value(), "/bin/sh");
}

TEST_F(RootTest, WhatActsOnTheMachineMustLieInTheBox) {
  EXPECT_EQ(box_.FindActingProgram("sh").error().code, ErrorCode::Unavailable);
  EXPECT_EQ(box_.FindActingProgram("sh").error().message, "the box brings no program sh");
  MakeProgram(scratch_ / "usr/bin/sh");
  EXPECT_EQ(box_.FindActingProgram("/bin/sh").value(), scratch_ / "usr/bin/sh");
  EXPECT_EQ(Root().FindActingProgram("/bin/sh").value(), "/bin/sh");
  EXPECT_THAT(box_.FindActingProgram("no-such-program").error().message, HasSubstr("it is not installed (looked in "));
}

TEST_F(RootTest, ProgramsAreFoundInTheFixedPathWhateverOursIs) {
  const std::string before = getenv("PATH");
  MakeProgram(scratch_ / "only-here");
  setenv("PATH", scratch_.Path().c_str(), 1);
  EXPECT_THAT(Root().FindProgram("sh").value(), ::testing::EndsWith("/sh"));
  EXPECT_EQ(Root().FindProgram("only-here").error().code, ErrorCode::Unavailable);
  setenv("PATH", before.c_str(), 1);
  EXPECT_EQ(Root().FindProgram("/old/place/of/sh").value(), Root().FindProgram("sh").value());
  EXPECT_EQ(Root().FindProgram(scratch_ / "only-here").value(), scratch_ / "only-here");
}

TEST_F(RootTest, WhatCannotBeExecutedIsNoProgram) {
  MakeProgram(scratch_ / "usr/bin/tool", std::filesystem::perms::owner_read);
  std::filesystem::create_directories(scratch_ / "usr/bin/directory");
  for (const std::string name : {"tool", "directory", "", ".", "..", "../sh", "a/sh", "/bin/", "no-such-program"}) {
    const auto found = box_.FindProgram(name);
    ASSERT_FALSE(found.has_value()) << name;
    EXPECT_EQ(found.error().code, ErrorCode::Unavailable);
    EXPECT_THAT(found.error().message, HasSubstr(name));
  }
}

TEST_F(RootTest, OwnProgramsAreBesideOurDirectory) {
  const auto self = std::filesystem::read_symlink("/proc/self/exe");
  EXPECT_EQ(Root::OwnProgram("iiab-cmdsrv-shim"), self.parent_path().parent_path() / "libexec/iiab-cmdsrv-shim");
}

TEST_F(RootTest, ChildrenSeeFewVariables) {
  setenv("SECRET_TOKEN", "x", 1);
  setenv("TZ", "Europe/Berlin", 1);
  EXPECT_EQ(ChildEnvironment(Root{}),
            (std::vector<std::string>{"PATH=" + std::string(kChildPath), "LANG=C.UTF-8", "TZ=Europe/Berlin"}));
  unsetenv("TZ");
  EXPECT_EQ(ChildEnvironment(Root{}).size(), 2U);
  EXPECT_THAT(ChildEnvironment(box_), Contains("CMDSRV_ROOT=" + scratch_.Path()));
}

}  // namespace
}  // namespace cmdsrv
