#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.hpp"

namespace cmdsrv {

/// Counts wrong passwords and says how long the answer to one is kept back: five within five minutes are free, then 1,
/// 2, 4 … 30 s. Only wrong answers are ever delayed, so nobody is locked out. Memory is bounded: the longest quiet name
/// is forgotten. One thread; use one for addresses and one for users.
class Failures {
 public:
  explicit Failures(const Clock& clock, std::size_t most_names = 1000) : clock_(clock), most_names_(most_names) {}

  /// Notes one and returns the delay of its answer.
  std::chrono::seconds Note(std::string_view name);

  std::size_t Names() const { return names_.size(); }

 private:
  static constexpr std::size_t kFree = 5;
  static constexpr std::size_t kRemembered = kFree + 6;  // the sixth delay is the longest
  struct History {
    std::array<SteadyTime, kRemembered> times{};
    std::uint64_t count = 0;
    SteadyTime newest;
  };
  void MakeRoom();

  const Clock& clock_;
  const std::size_t most_names_;
  std::unordered_map<std::string, History> names_;
};

}  // namespace cmdsrv
