#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "ctl/job_rows.hpp"

/// Jobs as text. Pure: rows in, text out.
namespace cmdsrv::ctl {

std::string DurationText(std::int64_t seconds);  ///< "00:12", "1:02:03", "2d 03:04"

/// "download  52%  14.6M of 28.0M  3.00M/s  ETA 00:06"; unknown parts are left out.
std::string ProgressText(const JobProgress& progress);

/// "[##########----------]", empty when the percentage is not known.
std::string ProgressBar(const JobProgress& progress, std::size_t width);

/// "INST-ZIMS: zim-install wikipedia_en": the verb of the Command, then the step without the name of our own program.
std::string WhatText(const JobRow& row);

/// The one thing to know about the job now: its progress, why it waits, why it did not succeed.
std::string DetailText(const JobRow& row);

/// One line a job, in the order given.
std::string JobTable(const std::vector<JobRow>& rows, WallTime now, std::size_t width, bool colors);

/// Everything about one job; `group` are all jobs of its Command.
std::string JobDetail(const JobRow& row, std::vector<JobRow> group, WallTime now, std::size_t width, bool colors);

/// "job 41 (step 1 of 2) FAILED: cannot …", then the last lines of its output.
std::string FailureText(const JobRow& row);

/// "2 SUCCEEDED, 1 FAILED", in the order of a job's life.
std::string CountText(const std::vector<JobRow>& rows);

}  // namespace cmdsrv::ctl
