#pragma once

#include <cstddef>
#include <cstdint>

namespace cmdsrv::model {

/// The same numbers for the same seed on every machine and with every library (splitmix64).
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t Next() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15U;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31U);
  }
  /// 0 … bound - 1.
  std::size_t Below(std::size_t bound) { return static_cast<std::size_t>(Next() % bound); }
  bool OneIn(std::size_t many) { return Below(many) == 0; }

 private:
  std::uint64_t state_;
};

}  // namespace cmdsrv::model
