#include "support/small_disk.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "platform/unique_fd.hpp"
#include "support/files.hpp"

namespace cmdsrv::test {
namespace {

void Require(bool good, const std::string& what) {
  if (!good) ThrowError({ErrorCode::Io, fmt::format("cannot {}: {}", what, Reason(errno))});
}

}  // namespace

SmallDisk::SmallDisk(std::string directory, std::uint64_t bytes) : directory_(std::move(directory)) {
  OrThrow(MakeDirs(directory_));
  const std::string options = fmt::format("size={},mode=755", bytes);
  Require(::mount("small", directory_.c_str(), "tmpfs", 0, options.c_str()) == 0, "mount a disk on " + directory_);
}

SmallDisk::~SmallDisk() { ::umount2(directory_.c_str(), MNT_DETACH); }

std::uint64_t SmallDisk::Free() const {
  struct statvfs facts {};
  Require(::statvfs(directory_.c_str(), &facts) == 0, "look at " + directory_);
  return static_cast<std::uint64_t>(facts.f_bavail) * facts.f_frsize;
}

void SmallDisk::Fill(std::uint64_t left) const {
  Empty();
  const UniqueFd file(::open(FillerPath().c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  Require(static_cast<bool>(file), "make " + FillerPath());
  const std::uint64_t free = Free();
  if (free > left)
    Require(::posix_fallocate(file.Get(), 0, static_cast<off_t>(free - left)) == 0, "fill " + directory_);
}

void SmallDisk::Empty() const { std::filesystem::remove(FillerPath()); }

HiddenProgram::HiddenProgram(std::string path) : path_(std::filesystem::canonical(path)) {
  // What can be seen there then is a device, which nobody can run.
  Require(::mount("/dev/null", path_.c_str(), nullptr, MS_BIND, nullptr) == 0, "hide " + path_);
}

HiddenProgram::~HiddenProgram() { ::umount2(path_.c_str(), MNT_DETACH); }

}  // namespace cmdsrv::test
