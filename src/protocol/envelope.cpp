#include "protocol/envelope.hpp"

#include "base/text.hpp"

namespace cmdsrv {
namespace {

bool IsAcceptable(std::string_view payload, std::size_t max_bytes) {
  return payload.size() <= max_bytes && payload.find('\0') == std::string_view::npos && IsUtf8(payload);
}

}  // namespace

Envelope ReadEnvelope(std::span<const std::string_view> frames, std::size_t max_bytes) {
  Envelope envelope;
  if (frames.empty()) return envelope;
  envelope.delimiter = frames.size() > 1 && frames.front().empty();
  envelope.kind = FrameKind::Malformed;
  const bool right_count = frames.size() == 1 || (frames.size() == 2 && envelope.delimiter);
  if (!right_count || !IsAcceptable(frames.back(), max_bytes)) return envelope;
  envelope.kind = FrameKind::Request;
  envelope.payload = frames.back();
  return envelope;
}

}  // namespace cmdsrv
