#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

/// Reading a job's output file while the shim may still write it. Offsets count the bytes that the step ever printed.
/// File layout: bytes [0, kJobOutputHead) as printed; byte n beyond that at kJobOutputHead + (n - kJobOutputHead) %
/// kJobOutputRing. So beginning and end are kept, the middle is lost (base/run_record.hpp).
namespace cmdsrv {

struct OutputPiece {
  std::uint64_t offset = 0;       ///< of the first byte of `text`; larger than asked when bytes were lost
  std::uint64_t next_offset = 0;  ///< where to go on
  std::uint64_t total = 0;        ///< bytes ever printed
  std::string text;               ///< raw bytes
};

/// Up to `limit` bytes from `offset`. `total` is RunRecord::output_total. NotFound when the file is gone.
Result<OutputPiece> ReadOutput(const std::string& path, std::uint64_t total, std::uint64_t offset, std::size_t limit);

/// The last `limit` bytes at most, preceded by one line that says so when something was cut.
Result<std::string> ReadOutputEnd(const std::string& path, std::uint64_t total, std::size_t limit);

/// Writes a line of ours behind what the step has printed so far; no shim may write at the same time. The new total; a
/// full disk loses the line and not the start.
std::uint64_t AppendLine(int file, std::uint64_t total, std::string_view line);

}  // namespace cmdsrv
