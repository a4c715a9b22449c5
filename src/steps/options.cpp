#include "steps/options.hpp"

#include <algorithm>

#include "base/names.hpp"
#include "base/text.hpp"

namespace cmdsrv {

Result<Options> Options::Parse(std::span<const std::string> arguments, std::initializer_list<OptionRow> rows,
                               std::size_t operands) {
  return Parse(arguments, rows, operands, operands);
}

Result<Options> Options::Parse(std::span<const std::string> arguments, std::initializer_list<OptionRow> rows,
                               std::size_t least, std::size_t most) {
  Options options;
  bool only_operands = false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view argument = arguments[i];
    if (!only_operands && argument == "--") {
      only_operands = true;
      continue;
    }
    if (only_operands || argument.size() < 2 || argument[0] != '-') {
      options.operands_.emplace_back(argument);
      continue;
    }
    const auto equals = argument.starts_with("--") ? argument.find('=') : std::string_view::npos;
    const std::string_view name = argument.substr(0, equals);
    const auto row = std::ranges::find(rows, name, &OptionRow::name);
    if (row == rows.end()) return Fail(ErrorCode::Malformed, "there is no option {}", name);
    std::string value;
    if (!row->takes_value) {
      if (equals != std::string_view::npos) return Fail(ErrorCode::Malformed, "the option {} takes no value", name);
    } else if (equals != std::string_view::npos) {
      value = argument.substr(equals + 1);
    } else if (++i < arguments.size()) {
      value = arguments[i];
    } else {
      return Fail(ErrorCode::Malformed, "the option {} needs a value", name);
    }
    options.values_[std::string(name)] = std::move(value);
  }
  const std::size_t operands = options.operands_.size();
  if (operands < least || operands > most)
    return Fail(ErrorCode::Malformed, "{} operands were given, and not {}", operands,
                least == most ? fmt::format("{}", least) : fmt::format("{} to {}", least, most));
  return options;
}

std::string Options::Text(std::string_view name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::string() : found->second;
}

Result<long long> Options::Number(std::string_view name, long long otherwise, long long smallest) const {
  if (!Has(name)) return otherwise;
  const auto number = ToInteger(Text(name));
  if (!number || *number < smallest)
    return Fail(ErrorCode::Malformed, "the option {} must be a whole number of at least {}", name, smallest);
  return *number;
}

Result<std::string> Options::PlainName() const {
  if (!IsPlainName(operands_.front())) return Fail(ErrorCode::Malformed, "the operand must be a plain name");
  return operands_.front();
}

}  // namespace cmdsrv
