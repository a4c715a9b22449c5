#pragma once

#include <map>
#include <mutex>
#include <string>

#include "base/json.hpp"

namespace cmdsrv {

enum class PartState { Loading, Good, Degraded, Broken };

/// The parts of the box and how they are, for GET-HEALTH. Any thread.
class HealthBoard {
 public:
  /// `advice` says what is wrong and how to mend it; empty when Good.
  void Set(const std::string& part, PartState state, std::string advice = {});
  /// {"state": worst of all, "parts": {"kiwix_catalog": {"state": "good", "advice": ""}, …}}
  json::object Describe() const;

 private:
  struct Part {
    PartState state = PartState::Loading;
    std::string advice;
  };
  mutable std::mutex mutex_;
  std::map<std::string, Part> parts_;
};

}  // namespace cmdsrv
