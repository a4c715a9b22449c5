#pragma once

#include <initializer_list>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace cmdsrv {

struct OptionRow {
  std::string_view name;  ///< "--size-k" or "-f"
  bool takes_value = false;
};

/// Arguments of a step: options of a list, in any order, then operands. `--name value`, `--name=value`; behind `--` all
/// are operands. Errors are Malformed.
class Options {
 public:
  static Result<Options> Parse(std::span<const std::string> arguments, std::initializer_list<OptionRow> rows,
                               std::size_t operands);
  /// With any number of operands between `least` and `most`.
  static Result<Options> Parse(std::span<const std::string> arguments, std::initializer_list<OptionRow> rows,
                               std::size_t least, std::size_t most);

  bool Has(std::string_view name) const { return values_.contains(name); }
  std::string Text(std::string_view name) const;
  /// A whole number of at least `smallest`; `otherwise` when the option is not there.
  Result<long long> Number(std::string_view name, long long otherwise, long long smallest) const;
  const std::vector<std::string>& Operands() const { return operands_; }
  /// The first operand, of which there is one, when it can be the name of a file in a directory.
  Result<std::string> PlainName() const;

 private:
  std::map<std::string, std::string, std::less<>> values_;
  std::vector<std::string> operands_;
};

}  // namespace cmdsrv
