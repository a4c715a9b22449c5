#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

/// Real files of Internet-in-a-Box, which are not part of the project: tests that want them skip where they are not.
namespace cmdsrv::test {

inline std::string SharedPath(const std::string& name) { return fmt::format("{}/{}", CMDSRV_SHARED_DATA, name); }

inline bool HasSharedData() { return std::ifstream(SharedPath("lang_codes.json")).good(); }

inline std::string SharedText(const std::string& name) {
  std::ifstream file(SharedPath(name), std::ios::binary);
  EXPECT_TRUE(file.good()) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace cmdsrv::test

#define CMDSRV_NEEDS_SHARED_DATA() \
  if (!cmdsrv::test::HasSharedData()) GTEST_SKIP() << "the folder with real files is not here: " << CMDSRV_SHARED_DATA
