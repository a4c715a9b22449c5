#include "support/wait.hpp"

#include <algorithm>
#include <cstdlib>
#include <thread>

namespace cmdsrv::test {
namespace {

constexpr milliseconds kBetweenLooks{20};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr double kBuildFactor = 5;
#else
constexpr double kBuildFactor = 1;
#endif

double Factor() {
  const char* text = std::getenv("CMDSRV_TEST_SLOWNESS");
  const double asked = text != nullptr ? std::strtod(text, nullptr) : 1;
  return kBuildFactor * std::clamp(asked, 1.0, 100.0);
}

}  // namespace

milliseconds Patiently(milliseconds deadline) {
  static const double factor = Factor();
  return milliseconds(static_cast<long long>(static_cast<double>(deadline.count()) * factor));
}

bool WaitUntil(const std::function<bool()>& condition, milliseconds deadline) {
  const auto end = std::chrono::steady_clock::now() + Patiently(deadline);
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= end) return condition();
    std::this_thread::sleep_for(kBetweenLooks);
  }
  return true;
}

}  // namespace cmdsrv::test
