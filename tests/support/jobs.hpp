#pragma once

#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "support/wait.hpp"

namespace cmdsrv::test {

/// One row of GET-JOB-STAT.
struct JobRow {
  long long id = 0;
  long long group = 0;  ///< 0 when the server does not tell
  std::string command, output, status, reason, message;
  json::object all;
};

/// All rows that GET-JOB-STAT gives (the newest 50), oldest first.
Result<std::vector<JobRow>> ReadJobs(const std::string& socket);

/// SUCCEEDED, FAILED or CANCELLED.
bool IsFinal(const JobRow& job);

/// Waits until there are at least `count` jobs and all of them are final. Timeout with a list of the jobs otherwise.
Result<std::vector<JobRow>> WaitForJobs(const std::string& socket, std::size_t count, milliseconds deadline);

/// Waits until a job has this status; the first such row.
Result<JobRow> WaitForStatus(const std::string& socket, std::string_view status, milliseconds deadline);

/// One paragraph each with the output, for a failure message.
std::string Describe(const std::vector<JobRow>& jobs);

}  // namespace cmdsrv::test
