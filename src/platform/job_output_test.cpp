#include "platform/job_output.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "base/run_record.hpp"
#include "platform/unique_fd.hpp"
#include "support/scratch.hpp"

namespace cmdsrv {
namespace {

constexpr std::uint64_t kWhole = kJobOutputHead + kJobOutputRing;

/// The byte that the step printed at `offset`: enough of a pattern to see a shift by any number.
char ByteAt(std::uint64_t offset) { return static_cast<char>((offset * 2654435761U) >> 13U); }

std::string Printed(std::uint64_t from, std::uint64_t to) {
  std::string text;
  for (std::uint64_t i = from; i < to; ++i) text += ByteAt(i);
  return text;
}

class JobOutputTest : public ::testing::Test {
 protected:
  /// The file as the shim leaves it after `total` bytes.
  void Print(std::uint64_t total) {
    std::string file(static_cast<std::size_t>(std::min(total, kWhole)), '\0');
    const std::uint64_t kept = total > kJobOutputRing ? total - kJobOutputRing : 0;
    for (std::uint64_t i = 0; i < std::min(total, kJobOutputHead); ++i) file[i] = ByteAt(i);
    for (std::uint64_t i = std::max(kept, kJobOutputHead); i < total; ++i) {
      file[kJobOutputHead + (i - kJobOutputHead) % kJobOutputRing] = ByteAt(i);
    }
    test::Spit(path_, file);
    total_ = total;
  }
  OutputPiece Read(std::uint64_t offset, std::size_t limit) const {
    const auto piece = ReadOutput(path_, total_, offset, limit);
    EXPECT_TRUE(piece.has_value());
    return piece.value_or(OutputPiece{});
  }
  void ExpectPiece(const OutputPiece& piece, std::uint64_t from, std::uint64_t to) const {
    EXPECT_EQ(piece.offset, from);
    EXPECT_EQ(piece.next_offset, to);
    EXPECT_EQ(piece.total, total_);
    EXPECT_TRUE(piece.text == Printed(from, to)) << piece.text.size() << " bytes at " << from;
  }

  test::ScratchDirectory scratch_;
  std::string path_ = scratch_ / "output";
  std::uint64_t total_ = 0;
};

TEST_F(JobOutputTest, ShortOutputIsReadInPieces) {
  Print(100);
  ExpectPiece(Read(0, 1000), 0, 100);
  ExpectPiece(Read(0, 40), 0, 40);
  ExpectPiece(Read(40, 40), 40, 80);
  ExpectPiece(Read(80, 40), 80, 100);
  ExpectPiece(Read(100, 40), 100, 100);
  ExpectPiece(Read(5000, 40), 100, 100);
  ExpectPiece(Read(0, 0), 0, 0);
}

TEST_F(JobOutputTest, EmptyAndMissingDiffer) {
  Print(0);
  ExpectPiece(Read(0, 10), 0, 0);
  EXPECT_EQ(ReadOutputEnd(path_, 0, 10).value(), "");
  EXPECT_EQ(ReadOutput(scratch_ / "none", 5, 0, 10).error().code, ErrorCode::NotFound);
  EXPECT_EQ(ReadOutputEnd(scratch_ / "none", 0, 10).error().code, ErrorCode::NotFound);
}

TEST_F(JobOutputTest, NothingIsLostUpToBothHalves) {
  for (const std::uint64_t total : {kJobOutputHead - 1, kJobOutputHead, kJobOutputHead + 1, kWhole - 1, kWhole}) {
    Print(total);
    ExpectPiece(Read(0, kWhole), 0, total);
    ExpectPiece(Read(kJobOutputHead - 10, 20), kJobOutputHead - 10, std::min(total, kJobOutputHead + 10));
  }
}

TEST_F(JobOutputTest, TheMiddleIsLostAndTheReaderIsToldSo) {
  for (const std::uint64_t total : {kWhole + 1, kWhole + 12'345, 3 * kWhole + 7}) {
    Print(total);
    const std::uint64_t kept = total - kJobOutputRing;
    ExpectPiece(Read(0, total), 0, kJobOutputHead);
    ExpectPiece(Read(kJobOutputHead, 100), kept, kept + 100);
    ExpectPiece(Read(kJobOutputHead + 1, total), std::max(kept, kJobOutputHead + 1), total);
    ExpectPiece(Read(kept, total), kept, total);
    ExpectPiece(Read(total - 50, 20), total - 50, total - 30);
  }
}

TEST_F(JobOutputTest, FollowingFromTheStartComesToTheEnd) {
  Print(2 * kWhole + 999);
  std::uint64_t at = 0;
  std::uint64_t got = 0;
  int steps = 0;
  for (; at < total_ && steps < 1000; ++steps) {
    const auto piece = Read(at, 65'536);
    EXPECT_EQ(piece.text, Printed(piece.offset, piece.next_offset));
    ASSERT_GT(piece.next_offset, at);
    got += piece.text.size();
    at = piece.next_offset;
  }
  EXPECT_EQ(at, total_);
  EXPECT_EQ(got, kWhole);
}

TEST_F(JobOutputTest, EndIsTheEndAndSaysWhatIsMissing) {
  Print(100);
  EXPECT_EQ(ReadOutputEnd(path_, total_, 100).value(), Printed(0, 100));
  EXPECT_EQ(ReadOutputEnd(path_, total_, 30).value(), "[70 bytes left out here]\n" + Printed(70, 100));
  Print(kJobOutputHead + 50);
  EXPECT_EQ(ReadOutputEnd(path_, total_, 100).value(),
            "[4194254 bytes left out here]\n" + Printed(total_ - 100, total_));
  Print(3 * kWhole + 7);
  const auto all = ReadOutputEnd(path_, total_, 1U << 30U).value();
  EXPECT_TRUE(all == "[" + std::to_string(total_ - kJobOutputRing) + " bytes left out here]\n" +
                         Printed(total_ - kJobOutputRing, total_));
}

TEST_F(JobOutputTest, BytesThatTheDiskDidNotTakeAreSkipped) {
  Print(100);
  std::filesystem::resize_file(path_, 60);
  const auto piece = Read(0, 1000);
  EXPECT_EQ(piece.text, Printed(0, 60));
  EXPECT_EQ(piece.next_offset, 100U);
  EXPECT_EQ(Read(60, 10).next_offset, 100U);  // the reader always gets on
  EXPECT_EQ(ReadOutputEnd(path_, total_, 1000).value(), Printed(0, 60));
}

TEST_F(JobOutputTest, ALineOfOursFollowsWhatWasPrintedWhereverThatEnds) {
  const std::string line(100, 'x');
  for (const std::uint64_t total : {std::uint64_t{0}, std::uint64_t{10}, kJobOutputHead - 50, kJobOutputHead,
                                    kWhole - 50, kWhole, kWhole + kJobOutputRing - 1, 3 * kWhole + 77}) {
    Print(total);
    const UniqueFd file(::open(path_.c_str(), O_RDWR | O_CLOEXEC));
    total_ = AppendLine(file.Get(), total, line);
    const auto end = ReadOutputEnd(path_, total_, line.size() + 1);
    ASSERT_TRUE(end);
    EXPECT_TRUE(end->ends_with(line + '\n')) << total;
    const bool own_line = total == 0 || ByteAt(total - 1) == '\n';
    EXPECT_EQ(total_ - total, line.size() + (own_line ? 1 : 2)) << total;
    EXPECT_LE(test::Slurp(path_).size(), kWhole);
  }
}

TEST_F(JobOutputTest, LinkIsNotFollowed) {
  test::Spit(scratch_ / "secret", "secret");
  std::filesystem::create_symlink("secret", path_);
  EXPECT_EQ(ReadOutput(path_, 6, 0, 10).error().code, ErrorCode::Io);
}

}  // namespace
}  // namespace cmdsrv
