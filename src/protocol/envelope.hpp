#pragma once

#include <span>
#include <string_view>

namespace cmdsrv {

/// What the frames after the identity are (spec protocol 2.2).
enum class FrameKind { Request, Malformed, Ignore };

struct Envelope {
  FrameKind kind = FrameKind::Ignore;
  bool delimiter = false;      ///< a REQ client: an empty frame goes before the reply
  std::string_view payload;    ///< of a Request
};

/// Pure. `frames` are those after the identity; `max_bytes` is the longest Command. A payload that is too long, no UTF-8
/// or holds a NUL is Malformed.
Envelope ReadEnvelope(std::span<const std::string_view> frames, std::size_t max_bytes);

}  // namespace cmdsrv
