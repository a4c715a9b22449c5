#include "platform/trees.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <vector>

#include "platform/files.hpp"
#include "platform/temporary_file.hpp"

namespace cmdsrv {
namespace {

constexpr int kDeepest = 100;  ///< a tree that is deeper is nobody's content, and the stack has an end

std::string NameOf(const std::string& path) { return path.substr(path.rfind('/') + 1); }

std::string Join(const std::string& directory, const std::string& name) { return (directory + '/').append(name); }

/// "/a/b///" → "/a/b".
std::string WithoutSlashes(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

Result<std::vector<std::string>> Names(int directory, const std::string& path) {
  const int own = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(own >= 0 ? ::fdopendir(own) : nullptr, ::closedir);
  if (!entries) return FailAt(errno, "list", path);
  std::vector<std::string> names;
  for (errno = 0; const dirent* entry = ::readdir(entries.get()); errno = 0) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) return FailAt(errno, "list", path);
  return names;
}

/// A directory of the same file system, never through a link. Empty, and errno, when it cannot be opened.
UniqueFd OpenDirectoryIn(int directory, const std::string& name) {
  open_how how{};
  how.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
  for (int tries = 0;; ++tries) {
    UniqueFd file(static_cast<int>(::syscall(SYS_openat2, directory, name.c_str(), &how, sizeof how)));
    if (file || (errno != EINTR && errno != EAGAIN) || tries == 100) return file;
  }
}

class Remover {
 public:
  /// Removes `name` in the open directory. `path` is for messages.
  void Remove(int directory, const std::string& name, const std::string& path, int depth = 0) {
    // Most entries are files, and for links this is right too: the link goes, not what it points to.
    if (::unlinkat(directory, name.c_str(), 0) == 0 || errno == ENOENT) return;
    const int why = errno;  // EISDIR, and EPERM on some file systems
    const UniqueFd inside = OpenDirectoryIn(directory, name);
    if (!inside && errno == EXDEV)
      return Note(Fail(ErrorCode::Io, "cannot remove {}: another file system is mounted there", path));
    if (!inside) return Note(FailAt(errno == ENOTDIR ? why : errno, "remove", path));
    if (depth >= kDeepest) return Note(Fail(ErrorCode::Io, "cannot remove {}: it is nested too deeply", path));
    const auto names = Names(inside.Get(), path);
    if (!names) return Note(Failure(names.error()));
    for (const std::string& one : *names) Remove(inside.Get(), one, Join(path, one), depth + 1);
    if (::unlinkat(directory, name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT) Note(FailAt(errno, "remove", path));
  }

  const std::optional<Error>& First() const { return first_; }

 private:
  void Note(Failure failure) {
    if (!first_) first_ = std::move(failure.value());
  }
  std::optional<Error> first_;
};

Result<UniqueFd> OpenParent(const std::string& path) {
  UniqueFd parent(::open(DirectoryOf(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!parent) return FailAt(errno, "open", DirectoryOf(path));
  return parent;
}

/// Copies what is in `from` into the new directory `to`, everything synced.
Result<void> CopyTree(const std::string& from, const std::string& to, int depth = 0) {
  if (depth >= kDeepest) return Fail(ErrorCode::Io, "cannot copy {}: it is nested too deeply", from);
  if (::mkdir(to.c_str(), 0755) != 0) return FailAt(errno, "make the directory", to);
  const auto names = ListDirectory(from);
  if (!names) return Failure(names.error());
  for (const std::string& name : *names) {
    const std::string path = Join(from, name);
    const auto facts = Look(path);
    if (!facts) continue;
    if (!facts->is_directory && !facts->is_regular)
      return Fail(ErrorCode::Io, "cannot move {}: it is neither a file nor a directory", path);
    auto copied =
        facts->is_directory ? CopyTree(path, Join(to, name), depth + 1) : CopyFileDurably(path, Join(to, name));
    if (!copied) return copied;
  }
  return SyncDirectory(to);
}

Result<void> MoveAcross(const std::string& from, const std::string& to) {
  const std::string draft = fmt::format("{}/.{}.cmdsrv-moving", DirectoryOf(to), NameOf(to));
  if (auto cleared = RemoveTree(draft); !cleared) return Failure(cleared.error());  // of a run that was cut short
  if (auto copied = CopyTree(from, draft); !copied) {
    (void)RemoveTree(draft);
    return copied;
  }
  if (::rename(draft.c_str(), to.c_str()) != 0) return FailAt(errno, fmt::format("move {} to", from), to);
  if (auto synced = SyncDirectory(DirectoryOf(to)); !synced) return synced;
  return RemoveTree(from).map([](bool) {});
}

}  // namespace

Result<bool> RemoveTreeIn(int directory, const std::string& name, const std::string& shown) {
  if (name.empty() || name == "." || name == ".." || name.find('/') != std::string::npos)
    return Fail(ErrorCode::Io, "cannot remove \"{}\": it does not name one thing in a directory", shown);
  struct stat facts {};
  if (::fstatat(directory, name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return false;
    return FailAt(errno, "look at", shown);
  }
  Remover remover;
  remover.Remove(directory, name, shown);
  if (remover.First()) return Failure(*remover.First());
  return true;
}

Result<bool> RemoveTree(const std::string& path) {
  const std::string plain = WithoutSlashes(path);
  if (!Look(plain)) return NameOf(plain).empty() ? RemoveTreeIn(AT_FDCWD, {}, path) : Result<bool>(false);
  const auto parent = OpenParent(plain);
  if (!parent) return Failure(parent.error());
  return RemoveTreeIn(parent->Get(), NameOf(plain), plain);
}

Result<void> MoveTreeDurably(const std::string& from, const std::string& to) {
  if (Look(to)) return Fail(ErrorCode::Io, "cannot move {}: there is a {} already", from, to);
  const auto facts = Look(from);
  if (!facts) return FailAt(ENOENT, "move", from);
  if (!facts->is_directory) return Fail(ErrorCode::Io, "cannot move {}: it is no directory", from);
  if (::rename(from.c_str(), to.c_str()) != 0) {
    if (errno != EXDEV) return FailAt(errno, fmt::format("move {} to", from), to);
    if (auto moved = MoveAcross(from, to); !moved) return moved;
  }
  if (auto synced = SyncDirectory(DirectoryOf(to)); !synced) return synced;
  return SyncDirectory(DirectoryOf(from));
}

}  // namespace cmdsrv
