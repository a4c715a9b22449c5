#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

namespace cmdsrv {

/// One key of the mapping that a file of variables is, and where it stands.
struct YamlEntry {
  std::string key;
  json::value value;
  std::size_t line = 0;    ///< from 0
  std::size_t column = 0;  ///< from 0
};

struct YamlProblem {
  std::size_t line = 0;  ///< from 1
  std::string what;
};

inline constexpr std::size_t kYamlLimit = 1U << 20U;  ///< bytes of a file
inline constexpr int kYamlDepth = 16;

/// A file of variables: one mapping, or nothing. YAML 1.1; at most kYamlLimit bytes, kYamlDepth levels, no aliases:
/// such a file is as large in memory as it looks. Keys that occur twice are there twice. Pure.
tl::expected<std::vector<YamlEntry>, YamlProblem> ReadYaml(std::string_view text);

/// The values by key; of several the last one counts.
json::object ValuesOf(const std::vector<YamlEntry>& entries);

}  // namespace cmdsrv
