#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/secret.hpp"

/// A small file that nobody else may read.
namespace cmdsrv::gateway {

/// At most 64 KiB. Errors: NotFound; Refused when it is a link, no regular file, not ours, or open to others; Io.
Result<Secret> ReadPrivateFile(const std::string& path);

/// Replaces `path`, whatever was there, by a file of mode 0600: temporary file beside it, fsync, rename, fsync of the
/// directory, which is made (0700) when it is missing. After an error the old file is as it was.
Result<void> WritePrivateFile(const std::string& path, std::string_view text);

}  // namespace cmdsrv::gateway
