#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/secret.hpp"

/// Small files: the one that nobody else may read, and uploads.
namespace cmdsrv::gateway {

/// At most 64 KiB. Errors: NotFound; Refused when it is a link, no regular file, not ours, or open to others; Io.
Result<Secret> ReadPrivateFile(const std::string& path);

/// Replaces `path`, whatever was there: temporary file beside it, fsync, rename, fsync of the directory. After an error
/// the old file is as it was.
Result<void> ReplaceFile(const std::string& path, std::string_view text, mode_t mode);

/// ReplaceFile with mode 0600. The directory is made (0700) when it is missing.
Result<void> WritePrivateFile(const std::string& path, std::string_view text);

}  // namespace cmdsrv::gateway
