#pragma once

#include <cstdint>
#include <string>

/// Full disks and missing programs. The test program has entered a mount namespace (mounts.hpp) before. Failures are
/// exceptions.
namespace cmdsrv::test {

/// A small file system in memory on a directory, as long as the object lives.
class SmallDisk {
 public:
  SmallDisk(std::string directory, std::uint64_t bytes);
  ~SmallDisk();
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  std::uint64_t Free() const;
  /// Takes all but `left` bytes, in a hidden file; replaces what it took before.
  void Fill(std::uint64_t left) const;
  void Empty() const;  ///< gives that back

 private:
  std::string FillerPath() const { return directory_ + "/.filler"; }
  std::string directory_;
};

/// A program that is not installed, as far as anybody here can see.
class HiddenProgram {
 public:
  explicit HiddenProgram(std::string path);
  ~HiddenProgram();
  HiddenProgram(const HiddenProgram&) = delete;
  HiddenProgram& operator=(const HiddenProgram&) = delete;

 private:
  std::string path_;
};

}  // namespace cmdsrv::test
