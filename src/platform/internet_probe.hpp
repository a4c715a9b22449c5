#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>

namespace cmdsrv {

/// "Is the internet there?": name lookup and TCP connect to one host within 5 s in all. A yes is remembered for 10 s;
/// callers at the same time share one probe. Any thread; blocks at most the deadline.
class InternetProbe {
 public:
  InternetProbe(std::string host, std::uint16_t port);
  bool Available();

 private:
  const std::string host_;
  const std::uint16_t port_;
  std::mutex mutex_;
  std::chrono::steady_clock::time_point good_until_{};
};

}  // namespace cmdsrv
