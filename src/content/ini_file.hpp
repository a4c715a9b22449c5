#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

namespace cmdsrv {

/// iiab.ini as spec config 2 reads it: option names in lower case, no interpolation, of duplicates the last one wins,
/// options of [DEFAULT] are in every section. Lines that mean nothing are skipped and counted.
class IniFile {
 public:
  static IniFile Parse(std::string_view text);

  /// A missing file is an empty one.
  static Result<IniFile> Read(const std::string& path);

  bool HasSection(std::string_view section) const;
  std::optional<std::string> Get(std::string_view section, std::string_view option) const;

  /// {"section": {"option": "value"}} in file order, without DEFAULT.
  json::object ToJson() const;

  std::size_t SkippedLines() const { return skipped_; }

 private:
  using Options = std::vector<std::pair<std::string, std::string>>;
  struct Section {
    std::string name;
    Options options;
  };

  std::size_t SectionIndex(std::string_view name);
  const Section* Find(std::string_view name) const;

  std::vector<Section> sections_;
  Options defaults_;
  std::size_t skipped_ = 0;
};

}  // namespace cmdsrv
