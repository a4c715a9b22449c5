#pragma once

#include <cstddef>

#include "gateway/http_message.hpp"

namespace cmdsrv::gateway {

/// What the headers of a request say about where it ends, and whether two servers in a row would agree about it.
struct RequestFraming {
  int refusal = 0;             ///< the status to answer with; 0: it may come in
  std::size_t body_bytes = 0;  ///< as declared
};

/// A request with a refusal is answered before its body has come and its connection ends: what follows may be meant as
/// a request of its own by somebody behind us. `most_body` and `most_value` are in bytes. Any thread.
RequestFraming JudgeFraming(const HttpRequest& request, std::size_t most_body, std::size_t most_value);

}  // namespace cmdsrv::gateway
