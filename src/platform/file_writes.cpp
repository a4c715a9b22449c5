// The functions of platform/files.hpp that change what a name means, and must survive a power cut in the middle.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "platform/files.hpp"
#include "platform/temporary_file.hpp"

namespace cmdsrv {
namespace {

constexpr std::size_t kCopyPiece = 1U << 20U;

Result<void> Sync(int file, const std::string& path) {
  if (::fsync(file) != 0) return FailAt(errno, "sync", path);
  return {};
}

/// File systems that know neither owners nor modes (FAT on a stick) say so in these ways.
bool CannotHold(int error_number) {
  return error_number == EPERM || error_number == EOPNOTSUPP || error_number == ENOSYS;
}

Result<void> SetMode(int file, mode_t mode, const std::string& path) {
  if (::fchmod(file, mode & 07777) != 0 && !CannotHold(errno)) return FailAt(errno, "set the mode of", path);
  return {};
}

Result<void> SetOwner(int file, const struct stat& wanted, const std::string& path) {
  struct stat now {};
  if (::fstat(file, &now) != 0) return FailAt(errno, "look at", path);
  if (now.st_uid == wanted.st_uid && now.st_gid == wanted.st_gid) return {};
  if (::fchown(file, wanted.st_uid, wanted.st_gid) != 0) return FailAt(errno, "keep the owner of", path);
  return {};
}

/// Keeps the old file under a second name, so that `path` itself is never away.
Result<void> KeepBackup(const std::string& path, const std::string& backup) {
  RemoveRemains(backup);  // where it was copied
  // Named after the file: a backup's name may have the time in it, and what a power cut leaves would never be found.
  const std::string name = TemporaryNameFor(path);
  if (::link(path.c_str(), name.c_str()) == 0) {
    if (::rename(name.c_str(), backup.c_str()) == 0) {
      ::unlink(name.c_str());  // rename does nothing where both names are the same file already
      return {};
    }
    const int error_number = errno;
    ::unlink(name.c_str());
    return FailAt(error_number, "keep the old file as", backup);
  }
  if (errno == ENOENT) return {};  // no old file
  if (errno != EPERM && errno != EOPNOTSUPP && errno != EMLINK && errno != ENOSYS) {
    return FailAt(errno, "keep the old file as", backup);
  }
  const auto text = ReadFile(path);  // FAT knows no second names
  if (!text) return Failure(text.error());
  return WriteFileAtomically(backup, *text);
}

Result<void> Copy(int from, int to, const struct stat& facts, const std::string& from_path,
                  const std::string& to_path) {
  // A disk that is too small says so now and not after an hour. Not every file system can reserve.
  if (facts.st_size > 0 && ::fallocate(to, FALLOC_FL_KEEP_SIZE, 0, facts.st_size) != 0 && errno == ENOSPC) {
    return FailAt(ENOSPC, "write", to_path);
  }
  const auto piece = std::make_unique<char[]>(kCopyPiece);
  for (;;) {
    const ssize_t got = ::read(from, piece.get(), kCopyPiece);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FailAt(errno, "read", from_path);
    if (got == 0) break;
    if (auto written = WriteAll(to, {piece.get(), static_cast<std::size_t>(got)}, to_path); !written) return written;
  }
  const timespec times[2] = {facts.st_atim, facts.st_mtim};
  ::futimens(to, times);  // FAT may round it; nothing depends on it
  return {};
}

Result<void> CopyAcross(int from, const struct stat& facts, const std::string& from_path, const std::string& to) {
  auto temporary = TemporaryFile::MakeFor(to);
  if (!temporary) return Failure(temporary.error());
  return Copy(from, temporary->Descriptor(), facts, from_path, to)
      .and_then([&]() -> Result<void> {
        // Owner before mode: changing it clears the set-id bits. A stick cannot hold owners, and that is no failure.
        if (::fchown(temporary->Descriptor(), facts.st_uid, facts.st_gid) != 0 && !CannotHold(errno)) {
          return FailAt(errno, "keep the owner of", to);
        }
        return SetMode(temporary->Descriptor(), facts.st_mode, to);
      })
      .and_then([&] { return Sync(temporary->Descriptor(), to); })
      .and_then([&] { return temporary->Place(); })
      .and_then([&] { return SyncDirectory(DirectoryOf(to)); });
}

struct OpenFile {
  UniqueFd file;
  struct stat facts {};
};

/// A regular file, without following a link.
Result<OpenFile> OpenForMove(const std::string& path) {
  OpenFile open{.file = UniqueFd(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC))};
  if (!open.file) return FailAt(errno, "open", path);
  if (::fstat(open.file.Get(), &open.facts) != 0) return FailAt(errno, "look at", path);
  if (!S_ISREG(open.facts.st_mode)) return Fail(ErrorCode::Io, "cannot move {}: it is no regular file", path);
  return open;
}

}  // namespace

Result<void> WriteAll(int file, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return FailAt(errno, "write", path);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> WriteFileAtomically(const std::string& path, std::string_view text, const WriteOptions& options) {
  auto temporary = TemporaryFile::MakeFor(path);
  if (!temporary) return Failure(temporary.error());
  if (auto written = WriteAll(temporary->Descriptor(), text, path); !written) return written;
  struct stat old {};
  const bool replaces = ::lstat(path.c_str(), &old) == 0;
  const bool keeps = replaces && S_ISREG(old.st_mode);
  if (keeps) {  // owner before mode: changing it clears the set-id bits
    if (auto owned = SetOwner(temporary->Descriptor(), old, path); !owned) return owned;
  }
  if (auto set = SetMode(temporary->Descriptor(), keeps ? old.st_mode : options.mode, path); !set) return set;
  if (auto synced = Sync(temporary->Descriptor(), path); !synced) return synced;
  if (replaces && !options.backup.empty()) {
    if (auto kept = KeepBackup(path, options.backup); !kept) return kept;
  }
  if (auto placed = temporary->Place(); !placed) return placed;
  return SyncDirectory(DirectoryOf(path));
}

Result<void> CopyFileDurably(const std::string& from, const std::string& to) {
  const auto source = OpenForMove(from);
  if (!source) return Failure(source.error());
  return CopyAcross(source->file.Get(), source->facts, from, to);
}

Result<void> MoveFileDurably(const std::string& from, const std::string& to) {
  const auto source = OpenForMove(from);
  if (!source) return Failure(source.error());
  if (auto synced = Sync(source->file.Get(), from); !synced) return synced;
  if (::rename(from.c_str(), to.c_str()) != 0) {
    if (errno != EXDEV) return FailAt(errno, fmt::format("move {} to", from), to);
    if (auto copied = CopyAcross(source->file.Get(), source->facts, from, to); !copied) return copied;
    if (::unlink(from.c_str()) != 0) return FailAt(errno, "remove", from);  // the copy is on the disk
  } else if (auto synced = SyncDirectory(DirectoryOf(to)); !synced) {
    return synced;
  }
  return SyncDirectory(DirectoryOf(from));
}

}  // namespace cmdsrv
