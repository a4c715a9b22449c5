#include "platform/write_watch.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <unistd.h>

#include "support/scratch.hpp"

namespace cmdsrv {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class WriteWatchTest : public testing::Test {
 protected:
  WriteWatchTest() : file_(::open((scratch_ / "file").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {}
  void Write() { EXPECT_EQ(::pwrite(file_.Get(), "x", 1, 0), 1); }
  bool IsReadable() const {
    pollfd item{watch_.Descriptor(), POLLIN, 0};
    return ::poll(&item, 1, 0) == 1;
  }

  test::ScratchDirectory scratch_;
  UniqueFd file_;
  WriteWatch watch_ = WriteWatch::Make().value();
};

TEST_F(WriteWatchTest, TellsOfTheFirstWriteAndNoMore) {
  const int number = watch_.Once(scratch_ / "file").value();
  EXPECT_FALSE(IsReadable());
  Write();
  Write();
  EXPECT_TRUE(IsReadable());
  EXPECT_THAT(watch_.Take(), ElementsAre(number));
  Write();
  EXPECT_FALSE(IsReadable());
  const int again = watch_.Once(scratch_ / "file").value();
  Write();
  EXPECT_THAT(watch_.Take(), ElementsAre(again));
}

TEST_F(WriteWatchTest, WhatIsForgottenOrRemovedIsSilent) {
  const int number = watch_.Once(scratch_ / "file").value();
  EXPECT_EQ(watch_.Once(scratch_ / "file").value(), number);
  watch_.Forget(number);
  watch_.Forget(number);
  Write();
  EXPECT_THAT(watch_.Take(), IsEmpty());
  ASSERT_TRUE(watch_.Once(scratch_ / "file"));
  EXPECT_EQ(::unlink((scratch_ / "file").c_str()), 0);
  file_.Reset();
  EXPECT_THAT(watch_.Take(), IsEmpty());
}

TEST_F(WriteWatchTest, AFileThatIsNotThereIsAnError) {
  const auto missing = watch_.Once(scratch_ / "missing");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message, "cannot watch " + (scratch_ / "missing") + ": no such file or directory");
}

}  // namespace
}  // namespace cmdsrv
