#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "base/json.hpp"
#include "base/text.hpp"

namespace cmdsrv {

/// A whole number of a catalog entry, which comes as a number or as a text. 0: missing, negative, or no number.
inline std::uint64_t WholeMember(const json::object& entry, std::string_view key) {
  const json::value* value = entry.if_contains(key);
  if (value == nullptr) return 0;
  if (value->is_int64()) return value->get_int64() > 0 ? static_cast<std::uint64_t>(value->get_int64()) : 0;
  if (value->is_uint64()) return value->get_uint64();
  if (value->is_double()) {
    const double number = value->get_double();
    return number >= 1 && number < 9e15 ? static_cast<std::uint64_t>(number) : 0;
  }
  if (!value->is_string()) return 0;
  const auto number = ToInteger(Trim(value->get_string()));
  return number && *number > 0 ? static_cast<std::uint64_t>(*number) : 0;
}

/// No file is larger. A catalog that says more must not make sums run over: then nothing would seem to be needed.
constexpr std::uint64_t kLargestFile = 1ULL << 48U;

inline std::uint64_t BytesMember(const json::object& entry, std::string_view key) {
  return std::min(WholeMember(entry, key), kLargestFile);
}

inline std::uint64_t KibibytesMember(const json::object& entry, std::string_view key) {
  return std::min(WholeMember(entry, key), kLargestFile / 1024);
}

}  // namespace cmdsrv
