#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

/// The body of POST /cmd (spec gateway 6). Pure functions.
namespace cmdsrv::gateway {

inline constexpr std::size_t kMaxBodyBytes = 1U << 20U;

/// `%XX` becomes its byte, once; a plus stays a plus. What is no escape (`%zz`, `%` at the end) stays as it is.
std::string DecodePercent(std::string_view text);

/// The one field of a body, percent-decoded.
struct FormCommand {
  std::string value;       ///< a Command, or base64 of a box around one
  bool encrypted = false;  ///< encrypted_command, encrypted_command2
  bool blanks = false;     ///< the console's own encoding: each %20 of the plain text stands for a blank
};

/// Exactly one of the fields command, encrypted_command, command2, encrypted_command2; other fields do not matter.
/// Errors: Malformed when the body has no "=" at all (to be answered as a malformed Command); Refused when none of the
/// known fields is there or more than one (400).
Result<FormCommand> ReadForm(std::string_view body);

/// The Command that a plain text of the form stands for: blanks restored. Malformed when it is no UTF-8, holds a NUL or
/// is longer than a body may be.
Result<std::string> CommandText(std::string_view plain, bool blanks);

/// True for the media type of forms, whatever parameters follow it.
bool IsFormType(std::string_view content_type);

}  // namespace cmdsrv::gateway
