#pragma once

#include <string>

namespace cmdsrv::test {

/// From now on this program and what it starts has mounts of its own. False where that is not allowed (a container
/// without the right). Call before threads are started.
bool EnterMountNamespace();

/// Programs that are started from now on may mount and unmount in that namespace too, whoever runs the test. False when
/// not allowed.
bool PassOnRightToMount();

/// A file system in memory of so many KiB over `directory`; what was in it is copied into it. False when not allowed.
bool MountSmall(const std::string& directory, unsigned kibibytes);

/// `directory` can be read only, or written again. False when not allowed.
bool MountReadOnly(const std::string& directory, bool read_only);

void Unmount(const std::string& directory);

}  // namespace cmdsrv::test
