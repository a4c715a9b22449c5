#include "base/failures.hpp"

#include <algorithm>

namespace cmdsrv {
namespace {

constexpr std::chrono::minutes kWindow{5};
constexpr std::chrono::seconds kLongest{30};
constexpr std::size_t kLongestName = 64;  // of what a client may make us remember

}  // namespace

void Failures::MakeRoom() {
  if (names_.size() < most_names_) return;
  const SteadyTime now = clock_.Steady();
  std::erase_if(names_, [&](const auto& entry) { return now - entry.second.newest >= kWindow; });
  if (names_.size() < most_names_) return;
  names_.erase(std::ranges::min_element(names_, {}, [](const auto& entry) { return entry.second.newest; }));
}

std::chrono::seconds Failures::Note(std::string_view name) {
  const std::string key(name.substr(0, kLongestName));
  auto found = names_.find(key);
  if (found == names_.end()) {
    MakeRoom();
    found = names_.emplace(key, History{}).first;
  }
  History& history = found->second;
  const SteadyTime now = clock_.Steady();
  history.newest = now;
  history.times[history.count++ % kRemembered] = now;
  const std::size_t known = std::min<std::uint64_t>(history.count, kRemembered);
  const auto recent = static_cast<std::size_t>(std::count_if(history.times.begin(),
                                                             history.times.begin() + static_cast<std::ptrdiff_t>(known),
                                                             [&](SteadyTime time) { return now - time < kWindow; }));
  if (recent <= kFree) return std::chrono::seconds(0);
  return std::min(std::chrono::seconds(1) * (1 << (recent - kFree - 1)), kLongest);
}

}  // namespace cmdsrv
