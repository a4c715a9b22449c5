#include "protocol/envelope.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace cmdsrv {
namespace {

using namespace std::string_view_literals;

struct Row {
  std::vector<std::string_view> frames;
  FrameKind kind;
  bool delimiter;
  std::string_view payload;
};

TEST(Envelope, TableOfSpecRows) {
  const Row rows[] = {
      {{}, FrameKind::Ignore, false, ""},
      {{"TEST"}, FrameKind::Request, false, "TEST"},
      {{""}, FrameKind::Request, false, ""},
      {{"", "TEST"}, FrameKind::Request, true, "TEST"},
      {{"", ""}, FrameKind::Request, true, ""},
      {{"TEST", ""}, FrameKind::Malformed, false, ""},
      {{"TEST", "TEST"}, FrameKind::Malformed, false, ""},
      {{"", "TEST", "x"}, FrameKind::Malformed, true, ""},
      {{"", "", ""}, FrameKind::Malformed, true, ""},
      {{"a", "b", "c", "d", "e"}, FrameKind::Malformed, false, ""},
      {{"\xc3\x28"}, FrameKind::Malformed, false, ""},
      {{"", "\xff"}, FrameKind::Malformed, true, ""},
      {{"TEST\0"sv}, FrameKind::Malformed, false, ""},
      {{"", "\0"sv}, FrameKind::Malformed, true, ""},
      {{"TEST {\"a\":\"é\"}"}, FrameKind::Request, false, "TEST {\"a\":\"é\"}"},
  };
  for (const Row& row : rows) {
    const Envelope envelope = ReadEnvelope(row.frames, 1000);
    const std::string shown = row.frames.empty() ? "(none)" : std::string(row.frames.front());
    EXPECT_EQ(envelope.kind, row.kind) << row.frames.size() << " frames, first " << shown;
    EXPECT_EQ(envelope.delimiter, row.delimiter) << row.frames.size() << " frames, first " << shown;
    EXPECT_EQ(envelope.payload, row.payload);
  }
}

TEST(Envelope, LongestCommandIsStillARequest) {
  const std::string longest(100, 'A');
  const std::string_view fits[] = {longest};
  EXPECT_EQ(ReadEnvelope(fits, 100).kind, FrameKind::Request);
  EXPECT_EQ(ReadEnvelope(fits, 99).kind, FrameKind::Malformed);
}

}  // namespace
}  // namespace cmdsrv
