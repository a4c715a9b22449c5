#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace cmdsrv {

/// What kind of failure it is, as far as somebody acts differently on it. protocol/reply.cpp has the wire form of each.
enum class ErrorCode {
  Malformed,    ///< the client's text or arguments break a rule; the message is for the log only
  Refused,      ///< understood, and not done; the message is shown to the client, followed by the verb
  Stated,       ///< as Refused, but the message is the whole sentence
  Duplicate,    ///< the same Command is still active
  NotFound,     ///< a named thing does not exist
  Busy,         ///< somebody else holds what is needed; trying later helps
  Timeout,      ///< a deadline passed
  NoNetwork,    ///< no host could be reached at all; the network may be down
  TryLater,     ///< it failed for now and may work later
  Io,           ///< the operating system refused; the message ends in its reason
  NoSpace,      ///< the file system is full
  Corrupt,      ///< data that we read breaks its own format
  Newer,        ///< data was written by a newer version of the program
  Unavailable,  ///< a part of the box is missing or still loading
  Internal,     ///< a promise inside the program was broken
};

/// `message` is a sentence for a person that names the thing: "cannot open /etc/iiab/kiwix_catalog.json: no such file".
struct Error {
  ErrorCode code;
  std::string message;

  friend bool operator==(const Error&, const Error&) = default;
};

template <class T>
using Result = tl::expected<T, Error>;

using Failure = tl::unexpected<Error>;

/// return Fail(ErrorCode::Io, "cannot read {}: {}", path, Reason(errno));
template <class... Args>
Failure Fail(ErrorCode code, fmt::format_string<Args...> format, Args&&... args) {
  return Failure(Error{code, fmt::format(format, std::forward<Args>(args)...)});
}

/// "no such file or directory": the system's text for an errno, with a small first letter. Thread-safe.
std::string Reason(int error_number);

/// Io, or NoSpace for ENOSPC and EDQUOT: "cannot `what`: `reason`". `what` is like "write /etc/x".
Failure FailFromErrno(int error_number, std::string_view what);

std::string_view NameOf(ErrorCode code);

}  // namespace cmdsrv
