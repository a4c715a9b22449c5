#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "ctl/session.hpp"

/// Jobs as GET-JOB-STAT tells of them. Every text in here is one clean line, `output` clean lines.
namespace cmdsrv::ctl {

struct JobProgress {
  std::string phase{};
  std::int64_t bytes = -1;  ///< -1 in all numbers: unknown
  std::int64_t total = -1;
  std::int64_t rate = -1;  ///< bytes a second
  std::int64_t eta = -1;   ///< seconds
  int percent = -1;

  friend bool operator==(const JobProgress&, const JobProgress&) = default;
};

struct JobRow {
  std::int64_t id = 0;
  std::int64_t group = 0;
  std::int64_t step_no = 1;
  std::int64_t step_count = 1;
  std::string status{};
  std::string command{};  ///< the step's argument vector, for showing
  std::string output{};
  std::string message{};      ///< the Command, masked if sensitive
  std::string reason{};       ///< a sentence
  std::string reason_code{};  ///< for programs; docs/commands/GET-JOB-STAT.md has the list
  std::string exit{};
  std::string created{};  ///< MM-DD hh:mm
  std::int64_t elapsed_sec = 0;
  std::optional<WallTime> started{};
  std::optional<WallTime> ended{};
  std::optional<JobProgress> progress{};
};

bool IsFinished(const JobRow& row);
bool IsRunning(const JobRow& row);

/// Members that are absent or of another type keep their defaults, so that an older or newer server can be shown too.
JobRow ReadJobRow(const json::object& row);

/// "2026-05-01T12:34:56.123+02:00", with or without fraction; nothing else.
std::optional<WallTime> ReadIso8601(std::string_view text);

/// Seconds of running: from start to end or to `now`. Nothing when the job has not started. An old row that knows no
/// start gives what the server counted.
std::optional<std::int64_t> RunningSeconds(const JobRow& row, WallTime now);

/// Rows, newest first, at most 50 in a page.
struct JobPage {
  std::vector<JobRow> rows{};
  std::string raw{};  ///< the JSON list
};

struct JobQuery {
  std::int64_t below = 0;  ///< ids below this only; 0: no bound
  std::int64_t group = 0;  ///< 0: all
  int since_days = 0;      ///< 0: all
};

inline constexpr std::size_t kPageRows = 50;

/// Errors as AskServer; Corrupt when the reply is no list.
Result<JobPage> AskPage(Session& session, const JobQuery& query);

/// All pages of `query`, newest first. `raw` is the reply as it came when one page was enough, otherwise one list of
/// all.
Result<JobPage> AskAllPages(Session& session, JobQuery query);

/// Unfinished jobs, and those that ended within a day: pages as long as they hold such a job, or a running one is still
/// missing.
Result<JobPage> AskWhatMatters(Session& session);  // jobs_command.cpp

/// NotFound when there is no such job.
Result<JobRow> AskJob(Session& session, std::int64_t id);

}  // namespace cmdsrv::ctl
