#include "ctl/job_texts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/text.hpp"
#include "base/time_text.hpp"
#include "ctl/shown_text.hpp"
#include "ctl/text_table.hpp"

namespace cmdsrv::ctl {
namespace {

constexpr std::size_t kFailureLines = 10;

std::string BytesText(std::int64_t bytes) { return HumanSize(static_cast<double>(bytes)); }

void AddPart(std::string& text, std::string_view part) {
  if (part.empty()) return;
  if (!text.empty()) text += "  ";
  text += part;
}

std::string StepText(const JobRow& row) { return fmt::format("{}/{}", row.step_no, row.step_count); }

std::string ElapsedText(const JobRow& row, WallTime now) {
  const auto seconds = RunningSeconds(row, now);
  return seconds ? DurationText(*seconds) : "-";
}

void AddField(std::string& text, std::string_view name, std::string_view value) {
  if (!value.empty()) text += fmt::format("{:<10}{}\n", name, value);
}

}  // namespace

std::string DurationText(std::int64_t seconds) {
  const std::int64_t minutes = seconds / 60, hours = minutes / 60, days = hours / 24;
  if (days > 0) return fmt::format("{}d {:02}:{:02}", days, hours % 24, minutes % 60);
  if (hours > 0) return fmt::format("{}:{:02}:{:02}", hours, minutes % 60, seconds % 60);
  return fmt::format("{:02}:{:02}", minutes, seconds % 60);
}

std::string ProgressText(const JobProgress& progress) {
  std::string text = progress.phase;
  if (progress.percent >= 0) AddPart(text, fmt::format("{:>3}%", progress.percent));
  if (progress.bytes >= 0 && progress.total > 0) {
    AddPart(text, fmt::format("{} of {}", BytesText(progress.bytes), BytesText(progress.total)));
  } else if (progress.bytes >= 0) {
    AddPart(text, BytesText(progress.bytes));
  }
  if (progress.rate >= 0) AddPart(text, BytesText(progress.rate) + "/s");
  if (progress.eta >= 0) AddPart(text, "ETA " + DurationText(progress.eta));
  return text;
}

std::string ProgressBar(const JobProgress& progress, std::size_t width) {
  if (progress.percent < 0) return {};
  const std::size_t full = width * static_cast<std::size_t>(progress.percent) / 100;
  return "[" + std::string(full, '#') + std::string(width - full, '-') + "]";
}

std::string WhatText(const JobRow& row) {
  std::string_view command = row.command;
  const std::size_t blank = command.find(' ');
  if (blank != std::string_view::npos && command.substr(0, blank).ends_with("iiab-cmdsrv-step")) {
    command.remove_prefix(blank + 1);
  }
  const std::string_view verb = std::string_view(row.message).substr(0, row.message.find(' '));
  return verb.empty() ? std::string(command) : fmt::format("{}: {}", verb, command);
}

std::string DetailText(const JobRow& row) {
  if (IsRunning(row)) return row.progress ? ProgressText(*row.progress) : row.reason;
  if (row.status == "SUCCEEDED") return {};
  return row.reason.empty() ? row.exit : row.reason;
}

std::string JobTable(const std::vector<JobRow>& rows, WallTime now, std::size_t width, bool colors) {
  Table table({{.title = "ID", .right = true},
               {.title = "GROUP", .right = true},
               {.title = "STEP"},
               {.title = "STATUS", .colored = true},
               {.title = "ELAPSED", .right = true},
               {.title = "WHAT", .elastic = true},
               {.title = "DETAIL", .elastic = true}});
  for (const JobRow& row : rows) {
    table.Add({std::to_string(row.id), std::to_string(row.group), StepText(row), row.status, ElapsedText(row, now),
               WhatText(row), DetailText(row)});
  }
  return table.Print(width, colors);
}

std::string JobDetail(const JobRow& row, std::vector<JobRow> group, WallTime now, std::size_t width, bool colors) {
  std::string text;
  AddField(text, "job", fmt::format("{}, step {} of {} of group {}", row.id, row.step_no, row.step_count, row.group));
  AddField(text, "Command", row.message);
  AddField(text, "program", row.command);
  AddField(text, "status", row.status);
  AddField(text, "reason", row.reason_code.empty() ? row.reason : fmt::format("{} ({})", row.reason, row.reason_code));
  AddField(text, "exit", row.exit);
  if (row.progress) AddField(text, "progress", ProgressText(*row.progress));
  AddField(text, "created", row.created);
  if (row.started) AddField(text, "started", ToIso8601(*row.started));
  if (row.ended) AddField(text, "ended", ToIso8601(*row.ended));
  AddField(text, "elapsed", ElapsedText(row, now));
  if (group.size() > 1) {
    std::ranges::sort(group, {}, &JobRow::id);
    text += "\nAll jobs of this Command:\n" + Indent(JobTable(group, now, width > 2 ? width - 2 : 0, colors), "  ");
  }
  if (!row.output.empty()) text += "\nOutput:\n" + Indent(row.output, "  ");
  return text;
}

std::string FailureText(const JobRow& row) {
  const std::string detail = DetailText(row);
  std::string text = fmt::format("job {} (step {} of {}) {}{}{}\n", row.id, row.step_no, row.step_count, row.status,
                                 detail.empty() ? "" : ": ", detail);
  if (!row.output.empty()) text += Indent(LastLines(row.output, kFailureLines), "  | ");
  return text;
}

std::string CountText(const std::vector<JobRow>& rows) {
  static constexpr std::array<std::string_view, 6> kStatuses = {"SUCCEEDED", "FAILED",    "CANCELLED",
                                                                "STARTED",   "RESTARTED", "SCHEDULED"};
  std::string text;
  for (const std::string_view status : kStatuses) {
    const auto count = std::ranges::count(rows, status, &JobRow::status);
    if (count > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, status);
  }
  return text;
}

}  // namespace cmdsrv::ctl
