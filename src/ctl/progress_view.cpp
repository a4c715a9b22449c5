#include "ctl/progress_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "ctl/job_texts.hpp"
#include "ctl/shown_text.hpp"
#include "ctl/text_table.hpp"

namespace cmdsrv::ctl {
namespace {

constexpr std::size_t kBarWidth = 20;
constexpr std::chrono::seconds kProgressInterval{10};

std::string LineOf(const JobRow& row, WallTime now, bool bar) {
  const auto seconds = RunningSeconds(row, now);
  std::string line = fmt::format("job {}  step {} of {}  {:<9}  {:>5}", row.id, row.step_no, row.step_count, row.status,
                                 seconds ? DurationText(*seconds) : "-");
  if (bar && IsRunning(row) && row.progress && row.progress->percent >= 0) {
    line += "  " + ProgressBar(*row.progress, kBarWidth);
  }
  const std::string detail = DetailText(row);
  line += "  " + (detail.empty() ? WhatText(row) : detail);
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

ViewLine MakeLine(const std::string& text, std::string_view status, std::size_t width, bool colors) {
  ViewLine line{.text = Fit(text, width), .columns = 0};
  line.columns = DisplayWidth(line.text);
  const std::string_view color = colors ? ColorOf(status) : "";
  const std::size_t at = color.empty() ? std::string::npos : line.text.find(status);
  if (at != std::string::npos) {
    line.text.insert(at + status.size(), "\x1b[0m");
    line.text.insert(at, color);
  }
  return line;
}

/// Smaller: must be seen rather.
int Importance(const JobRow& row) {
  if (IsRunning(row)) return 0;
  if (row.status == "FAILED") return 1;
  return IsFinished(row) ? 3 : 2;
}

}  // namespace

std::vector<ViewLine> ViewOfGroup(std::vector<JobRow> rows, WallTime now, Screen::Size size, bool colors) {
  const std::size_t most = std::max<std::size_t>(size.rows, 4) - 2;
  const std::size_t width = std::max<std::size_t>(size.columns, 20) - 1;
  std::ranges::sort(rows, {}, &JobRow::id);
  std::vector<JobRow> hidden;
  if (rows.size() > most) {
    std::ranges::sort(rows, {}, [](const JobRow& row) { return std::pair(Importance(row), row.id); });
    hidden.assign(rows.begin() + static_cast<std::ptrdiff_t>(most - 1), rows.end());
    rows.resize(most - 1);
    std::ranges::sort(rows, {}, &JobRow::id);
  }
  std::vector<ViewLine> lines;
  lines.reserve(rows.size() + 1);
  for (const JobRow& row : rows) lines.push_back(MakeLine(LineOf(row, now, true), row.status, width, colors));
  if (!hidden.empty()) {
    lines.push_back(MakeLine(fmt::format("and {} more: {}", hidden.size(), CountText(hidden)), "", width, false));
  }
  return lines;
}

void LiveView::Show(const std::vector<ViewLine>& lines) {
  std::string out;
  if (!shown_.empty()) {
    // A window that became narrower has wrapped the old lines; then more of its lines are ours.
    const std::size_t columns = std::max<std::size_t>(screen_.GetSize().columns, 1);
    std::size_t up = 0;
    for (const ViewLine& line : shown_) up += std::max<std::size_t>((line.columns + columns - 1) / columns, 1);
    out += fmt::format("\x1b[{}A\r", up);
  }
  for (const ViewLine& line : lines) out += line.text + "\x1b[K\n";
  screen_.Out(out + "\x1b[J");
  shown_ = lines;
}

std::vector<std::string> ChangeLines::Update(std::vector<JobRow> rows, WallTime wall, SteadyTime now) {
  std::ranges::sort(rows, {}, &JobRow::id);
  std::vector<std::string> lines;
  for (const JobRow& row : rows) {
    const std::string detail = DetailText(row);
    const auto told = told_.find(row.id);
    if (told != told_.end() && told->second.status == row.status) {
      if (told->second.detail == detail || now - told->second.when < kProgressInterval) continue;
    }
    lines.push_back(LineOf(row, wall, false));
    told_[row.id] = {.status = row.status, .detail = detail, .when = now};
  }
  return lines;
}

}  // namespace cmdsrv::ctl
