#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace cmdsrv {

struct UsedBy {
  std::string name;         ///< the last part of the path, as the file system has it
  std::uint64_t bytes = 0;  ///< on the disk; of a directory with all that is in it
};

struct UsageLimits {
  std::size_t entries = 20'000;
  std::chrono::milliseconds time{20'000};
};

/// Everything below the open directory, as du -a lists it: what is in a directory before the directory itself, names in
/// order. Nothing is followed. What cannot be looked at, or vanishes meanwhile, is left out. Timeout when it takes too
/// long, Refused when there is more than the limits allow.
Result<std::vector<UsedBy>> UsageBelow(int directory, const UsageLimits& limits = {});

/// What a file, or all files below a directory, have of their disk: without holes, with what is reserved for them. 0
/// when there is nothing. Nothing is followed. Of a large directory this takes seconds on a slow card.
std::uint64_t BytesOnDisk(const std::string& path);

}  // namespace cmdsrv
