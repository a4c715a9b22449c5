#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace cmdsrv {

/// What stands between {{ and }}.
struct Expression {
  enum class Kind { Literal, Variable, Default, Lower, Upper, Equal, Not, And, Or, If };
  Kind kind = Kind::Literal;
  json::value literal;
  std::string name;
  /// Operands from left to right. If: value, condition, and the other value where there is an else.
  std::vector<std::shared_ptr<const Expression>> operands;
};

/// Null when the text is no expression of the subset. The names of its variables are appended to `names`.
std::shared_ptr<const Expression> ParseExpression(std::string_view text, std::vector<std::string>& names);

/// Where the }} is that closes what begins at the start of `text`; npos: nowhere. Quoted texts may hold one.
std::size_t FindClosing(std::string_view text);

}  // namespace cmdsrv
