#include "ctl/text_table.hpp"

#include <algorithm>

#include "ctl/shown_text.hpp"

namespace cmdsrv::ctl {
namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kLeastElastic = 8;  // narrower says nothing: then the line is too long

}  // namespace

std::string_view ColorOf(std::string_view word) {
  if (word == "FAILED" || word == "broken") return "\x1b[31m";
  if (word == "SUCCEEDED" || word == "good") return "\x1b[32m";
  if (word == "CANCELLED" || word == "degraded" || word == "loading") return "\x1b[33m";
  if (word == "STARTED" || word == "RESTARTED") return "\x1b[36m";
  return "";
}

std::vector<std::size_t> Table::Widths(std::size_t width) const {
  std::vector<std::size_t> widths;
  widths.reserve(columns_.size());
  for (const Column& column : columns_) widths.push_back(DisplayWidth(column.title));
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < widths.size(); ++i) widths[i] = std::max(widths[i], DisplayWidth(row[i]));
  }
  if (width == 0) return widths;
  std::size_t total = kGap * (widths.size() - 1);
  for (const std::size_t each : widths) total += each;
  for (; total > width; --total) {  // the widest elastic column gives way first, so that they end up alike
    std::size_t* widest = nullptr;
    for (std::size_t i = 0; i < widths.size(); ++i) {
      if (columns_[i].elastic && (widest == nullptr || widths[i] > *widest)) widest = &widths[i];
    }
    if (widest == nullptr || *widest <= kLeastElastic) break;
    --*widest;
  }
  return widths;
}

std::string Table::Line(const std::vector<std::string>& cells, const std::vector<std::size_t>& widths,
                        bool colors) const {
  std::string out;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const std::string text = Fit(cells[i], widths[i]);
    const std::string blanks(widths[i] - std::min(widths[i], DisplayWidth(text)), ' ');
    const std::string_view color = colors && columns_[i].colored ? ColorOf(cells[i]) : "";
    if (columns_[i].right) out += blanks;
    out += color;
    out += text;
    if (!color.empty()) out += "\x1b[0m";
    if (!columns_[i].right) out += blanks;
    out.append(kGap, ' ');
  }
  out.erase(out.find_last_not_of(' ') + 1);
  return out + "\n";
}

std::string Table::Print(std::size_t width, bool colors) const {
  const std::vector<std::size_t> widths = Widths(width);
  std::vector<std::string> titles;
  titles.reserve(columns_.size());
  for (const Column& column : columns_) titles.emplace_back(column.title);
  std::string out = Line(titles, widths, false);
  for (const auto& row : rows_) out += Line(row, widths, colors);
  return out;
}

}  // namespace cmdsrv::ctl
