#pragma once

#include <sys/types.h>

#include <string>

#include "base/result.hpp"
#include "platform/unique_fd.hpp"

namespace cmdsrv {

/// A new file on its way to `target`, in the same directory. Without a name where the file system allows it
/// (O_TMPFILE), so that a power cut leaves nothing behind; on FAT and its like, and for the moment in which it takes
/// its place, under ".<name>.<8 hex digits>.cmdsrv-tmp". The remains of an earlier cut (not locked by a living writer)
/// are removed first. Removes itself unless placed.
class TemporaryFile {
 public:
  /// Mode 0600, owned by us. Errors: as platform/files.hpp says, "cannot write `target`: …".
  static Result<TemporaryFile> MakeFor(const std::string& target);

  /// The way of FAT on its own.
  static Result<TemporaryFile> MakeNamedFor(const std::string& target);

  TemporaryFile(TemporaryFile&&) noexcept = default;
  TemporaryFile& operator=(TemporaryFile&&) = delete;
  ~TemporaryFile();

  int Descriptor() const { return fd_.Get(); }

  /// Takes the place of `target` in one step. The caller has synced the file and syncs the directory.
  Result<void> Place();

 private:
  TemporaryFile(UniqueFd fd, std::string target, std::string name)
      : fd_(std::move(fd)), target_(std::move(target)), name_(std::move(name)) {}

  UniqueFd fd_;
  std::string target_;
  std::string name_;  ///< empty while it has none
};

/// "/a/b" → "/a", "/b" → "/", "b" → ".".
std::string DirectoryOf(const std::string& path);

/// Removes what writers of `target` have left that were killed; files of living ones are locked and stay.
void RemoveRemains(const std::string& target);

/// A path beside `path` that nobody uses.
std::string TemporaryNameFor(const std::string& path);

/// NotFound for ENOENT, otherwise as FailFromErrno.
Failure FailAt(int error_number, std::string_view what, const std::string& path);

}  // namespace cmdsrv
