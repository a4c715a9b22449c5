#pragma once

#include <cstddef>
#include <cstdint>

namespace cmdsrv::shim {

/// The job's output file in the layout of base/run_record.hpp: the beginning stays, the end goes round in a ring.
class OutputFile {
 public:
  /// `total` bytes are there already, from earlier tries of the step.
  OutputFile(int descriptor, std::uint64_t total) : descriptor_(descriptor), total_(total) {}

  /// Never fails: bytes that the disk does not take are counted and lost, because a full disk must not stop the step.
  void Append(const char* bytes, std::size_t size);

  std::uint64_t Total() const { return total_; }  ///< bytes ever appended

 private:
  int descriptor_;
  std::uint64_t total_;
};

}  // namespace cmdsrv::shim
