#include "support/box/traffic.hpp"

namespace cmdsrv::test {
namespace {

constexpr std::size_t kRemembered = 100'000;  // a server may run for days

}  // namespace

void Traffic::Asked(const std::string& host, const std::string& path, const std::string& method,
                    const std::string& range, int status, bool whole) {
  const std::scoped_lock lock(mutex_);
  PathTraffic& traffic = paths_[path];
  ++traffic.requests;
  if (whole && method == "GET") ++traffic.whole;
  if (traffic.statuses.size() < kRemembered) {
    if (!range.empty()) traffic.ranges.push_back(range);
    traffic.statuses.push_back(status);
  }
  ++traffic.by_host[host];
}

void Traffic::Sent(const std::string& path, std::uint64_t bytes) {
  const std::scoped_lock lock(mutex_);
  paths_[path].bytes_sent += bytes;
}

void Traffic::NotSent(const std::string& path, std::uint64_t bytes) {
  const std::scoped_lock lock(mutex_);
  paths_[path].bytes_sent -= bytes;
}

PathTraffic Traffic::Of(const std::string& path) const {
  const std::scoped_lock lock(mutex_);
  const auto found = paths_.find(path);
  return found == paths_.end() ? PathTraffic{} : found->second;
}

json::object Traffic::Describe() const {
  const std::scoped_lock lock(mutex_);
  json::object all;
  for (const auto& [path, traffic] : paths_) {
    json::object hosts;
    for (const auto& [host, requests] : traffic.by_host) hosts[host] = requests;
    all[path] = {{"requests", traffic.requests},
                 {"whole", traffic.whole},
                 {"bytes_sent", traffic.bytes_sent},
                 {"ranges", json::value_from(traffic.ranges)},
                 {"statuses", json::value_from(traffic.statuses)},
                 {"hosts", hosts}};
  }
  return all;
}

void Traffic::Reset() {
  const std::scoped_lock lock(mutex_);
  paths_.clear();
}

}  // namespace cmdsrv::test
