#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace cmdsrv {

/// lang_codes.json (spec config 7.9). An empty table is usable: every code then stands for itself.
class Languages {
 public:
  /// Corrupt when the text is no JSON object; members of another shape are skipped.
  static Result<Languages> Parse(std::string_view text);

  /// "eng" → "en", "eng,fra" → "en", "mul" or another unknown code → the code itself.
  std::string ToIso2(std::string_view iso3) const;

  bool IsIso2(std::string_view code) const { return known_.contains(code); }

  /// "en-calibre" → "calibre", "zh-classical-x" → "x" when "zh-classical" is a code: the name behind the longest prefix
  /// that is an iso2 code and '-'. Without such a prefix the name itself.
  std::string_view WithoutPrefix(std::string_view name) const;

  std::size_t Size() const { return iso2_.size(); }

 private:
  std::map<std::string, std::string, std::less<>> iso2_;  ///< of each code of three letters
  std::set<std::string, std::less<>> known_;
};

}  // namespace cmdsrv
