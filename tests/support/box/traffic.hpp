#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/json.hpp"

namespace cmdsrv::test {

/// What was asked of one path, on both mirrors together.
struct PathTraffic {
  unsigned requests = 0;
  unsigned whole = 0;                       ///< GET requests without Range, or with one that was ignored
  std::uint64_t bytes_sent = 0;             ///< of bodies, as far as the kernel took them
  std::vector<std::string> ranges;          ///< Range headers in order
  std::vector<int> statuses;                ///< in order; 0 for a line that was refused
  std::map<std::string, unsigned> by_host;  ///< requests of each mirror
};

/// Counts, so that a test can prove that nothing was fetched twice. Any thread.
class Traffic {
 public:
  void Asked(const std::string& host, const std::string& path, const std::string& method, const std::string& range,
             int status, bool whole);
  void Sent(const std::string& path, std::uint64_t bytes);
  void NotSent(const std::string& path, std::uint64_t bytes);  ///< takes back what Sent counted
  PathTraffic Of(const std::string& path) const;
  json::object Describe() const;
  void Reset();

 private:
  mutable std::mutex mutex_;
  std::map<std::string, PathTraffic> paths_;
};

}  // namespace cmdsrv::test
