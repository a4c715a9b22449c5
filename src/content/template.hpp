#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace cmdsrv {

struct Expression;

/// The closed subset of templates that files of variables need: {{ name }} inside text, inline if, the filters
/// default(x), lower and upper, ==, and, or, not, brackets, and literals. Nothing in it can call, loop or reach into a
/// value. Immutable and cheap to copy.
class Template {
 public:
  /// Empty when the text is no template of this subset, which includes texts with {% and {#.
  static std::optional<Template> Parse(std::string_view text);

  /// Null: there is no such variable.
  using Lookup = std::function<const json::value*(std::string_view name)>;

  /// Empty when it gives more than `most_bytes` bytes or a value that has no text (a list). A final newline is dropped.
  std::optional<std::string> Render(const Lookup& lookup, std::size_t most_bytes) const;

  /// The names of the variables in it.
  const std::vector<std::string>& Names() const { return names_; }

 private:
  struct Piece {
    std::string text;                              ///< as it is
    std::shared_ptr<const Expression> expression;  ///< null: text alone
  };
  std::vector<Piece> pieces_;
  std::vector<std::string> names_;
};

}  // namespace cmdsrv
