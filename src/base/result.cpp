#include "base/result.hpp"

#include <cctype>
#include <cerrno>
#include <system_error>

namespace cmdsrv {

std::string Reason(int error_number) {
  std::string text = std::generic_category().message(error_number);
  // "Input/output error" reads as a sentence part in small letters; "I/O" style abbreviations stay as they are.
  if (text.size() > 1 && std::islower(static_cast<unsigned char>(text[1])) != 0) {
    text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  }
  return text;
}

Failure FailFromErrno(int error_number, std::string_view what) {
  const bool full = error_number == ENOSPC || error_number == EDQUOT;
  return Fail(full ? ErrorCode::NoSpace : ErrorCode::Io, "cannot {}: {}", what, Reason(error_number));
}

std::string_view NameOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::Malformed: return "malformed";
    case ErrorCode::Refused: return "refused";
    case ErrorCode::Stated: return "stated";
    case ErrorCode::Duplicate: return "duplicate";
    case ErrorCode::NotFound: return "not found";
    case ErrorCode::Busy: return "busy";
    case ErrorCode::Timeout: return "timeout";
    case ErrorCode::NoNetwork: return "no network";
    case ErrorCode::TryLater: return "try later";
    case ErrorCode::Io: return "i/o";
    case ErrorCode::NoSpace: return "no space";
    case ErrorCode::Corrupt: return "corrupt";
    case ErrorCode::Newer: return "newer";
    case ErrorCode::Unavailable: return "unavailable";
    case ErrorCode::Internal: return "internal";
  }
  return "unknown";
}

}  // namespace cmdsrv
