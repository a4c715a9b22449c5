#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cmdsrv::ctl {

/// An escape sequence for a status or a state, empty for plain ones.
std::string_view ColorOf(std::string_view word);

struct Column {
  std::string_view title;
  bool right = false;    ///< numbers
  bool elastic = false;  ///< gives way when the window is narrow
  bool colored = false;  ///< cells are words that ColorOf() knows
};

/// Cells in, aligned lines out.
class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  /// One clean line per column.
  void Add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  bool Empty() const { return rows_.empty(); }

  /// `width` 0: as wide as it needs to be, nothing is cut.
  std::string Print(std::size_t width, bool colors) const;

 private:
  std::vector<std::size_t> Widths(std::size_t width) const;
  std::string Line(const std::vector<std::string>& cells, const std::vector<std::size_t>& widths, bool colors) const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace cmdsrv::ctl
