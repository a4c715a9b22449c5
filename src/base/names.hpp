#pragma once

#include <string>
#include <string_view>

/// The value classes of names that come from clients, catalogs, sticks and directories. Whatever is not a member must
/// not become a path, an argument or a line of a file.
namespace cmdsrv {

bool IsVerb(std::string_view text);      ///< [A-Z][A-Z0-9-]*
bool IsSafeName(std::string_view text);  ///< 1–255 bytes, [A-Za-z0-9_][A-Za-z0-9._+-]*; never "..", never an option
bool IsMenuName(std::string_view text);  ///< 1–128 bytes, [A-Za-z0-9_-]+, dots inside; does not begin with '-' or '.'
bool IsMenuDir(std::string_view text);   ///< 1–64 bytes, [A-Za-z0-9_-]+
bool IsLanguage(std::string_view text);  ///< [A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*
bool IsHex32(std::string_view text);     ///< 32 hexadecimal digits
bool IsFetchUrl(std::string_view text);  ///< http, https or ftp with a host; printable ASCII without blanks or quotes
bool IsUuid(std::string_view text);      ///< 8-4-4-4-12 hexadecimal digits
/// A name in a directory that somebody else chose: 1–200 bytes of UTF-8 without '/' and control characters, not hidden.
bool IsPlainName(std::string_view text);

/// "usb0" and "/media/usb0" → "/media/usb0", one digit; empty for everything else.
std::string NormaliseUsb(std::string_view text);

}  // namespace cmdsrv
