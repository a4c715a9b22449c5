#include "ctl/log_filter.hpp"

#include <gmock/gmock.h>

namespace cmdsrv::ctl {
namespace {

constexpr std::string_view kLog =
    "begin\n@progress phase=download bytes=1\nfound 3 @progress files\n@progress phase=download bytes=2\n\n@prog is no "
    "progress\n@progress bytes=3";
constexpr std::string_view kShown = "begin\nfound 3 @progress files\n\n@prog is no progress\n";

TEST(LogFilter, DropsProgressLinesWhereverTheTextIsCut) {
  for (std::size_t size = 1; size <= kLog.size(); ++size) {
    LogFilter filter;
    std::string shown;
    for (std::size_t at = 0; at < kLog.size(); at += size) shown += filter.Take(kLog.substr(at, size));
    EXPECT_EQ(shown + filter.Rest(), kShown) << "pieces of " << size;
  }
}

TEST(LogFilter, AnUnfinishedBeginningIsShownAtTheEnd) {
  LogFilter filter;
  EXPECT_EQ(filter.Take("one\n@pro"), "one\n");
  EXPECT_EQ(filter.Rest(), "@pro");
  EXPECT_EQ(filter.Rest(), "");
}

}  // namespace
}  // namespace cmdsrv::ctl
