#pragma once

#include <map>
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

  /// "en" → "eng"; of several codes the last of the file; empty when unknown.
  std::string ToIso3(std::string_view iso2) const;

  /// "eng" → "English"; empty when unknown.
  std::string EnglishName(std::string_view iso3) const;

  bool IsIso2(std::string_view code) const { return iso3_.contains(code); }

  /// "en-calibre" → "calibre", "zh-classical-x" → "x" when "zh-classical" is a code: the name behind the longest prefix
  /// that is an iso2 code and '-'. Without such a prefix the name itself.
  std::string_view WithoutPrefix(std::string_view name) const;

  std::size_t Size() const { return iso2_.size(); }

 private:
  struct Entry {
    std::string iso2;
    std::string english;
  };
  std::map<std::string, Entry, std::less<>> iso2_;
  std::map<std::string, std::string, std::less<>> iso3_;
};

}  // namespace cmdsrv
