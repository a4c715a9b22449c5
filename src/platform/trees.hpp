#pragma once

#include <string>

#include "base/result.hpp"

/// Directories with everything in them. Nothing here follows a symbolic link, and nothing leaves the directory that is
/// named. Any thread; errors as in platform/files.hpp.
namespace cmdsrv {

/// Removes the directory, or the file or link of that name; true when there was something. What can be removed is
/// removed even if something cannot; the first failure is returned. A mount point inside stays and is a failure. May be
/// interrupted anywhere and run again.
Result<bool> RemoveTree(const std::string& path);

/// The same for a name in an open directory; `shown` is its path for messages.
Result<bool> RemoveTreeIn(int directory, const std::string& name, const std::string& shown);

/// Moves a directory of regular files and directories; `to` must not exist. In one step within a file system; across
/// file systems it is copied to a name beside `to`, synced, renamed, and then `from` is removed. Refused when there is
/// anything else than files and directories in it.
Result<void> MoveTreeDurably(const std::string& from, const std::string& to);

}  // namespace cmdsrv
