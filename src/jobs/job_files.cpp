#include "jobs/job_files.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.hpp"
#include "base/text.hpp"
#include "platform/files.hpp"

namespace cmdsrv {
namespace {

constexpr log::Domain kJobs{"jobs"};
constexpr std::string_view kPrefix = "job-";
constexpr std::string_view kRecordSuffix = ".run";
constexpr std::string_view kOutputSuffix = ".out";

void RemoveOrLog(const std::string& path) {
  if (const auto removed = RemoveFile(path); !removed) log::Warning(kJobs, "{}", removed.error().message);
}

}  // namespace

std::string JobPaths::Record(JobId id) const { return fmt::format("{}/{}{}{}", Runs(), kPrefix, id, kRecordSuffix); }

std::string JobPaths::Output(JobId id) const {
  return fmt::format("{}/{}{}{}", output_directory, kPrefix, id, kOutputSuffix);
}

std::optional<JobId> JobOfFile(std::string_view name, std::string_view suffix) {
  if (!name.starts_with(kPrefix) || !name.ends_with(suffix) || name.size() < kPrefix.size() + suffix.size())
    return std::nullopt;
  name.remove_prefix(kPrefix.size());
  name.remove_suffix(suffix.size());
  const auto number = ToInteger(name);
  if (!number || *number <= 0) return std::nullopt;
  return JobId{*number};
}

Result<OutputKeeper::Found> OutputKeeper::Begin(const std::function<bool(JobId)>& unfinished) {
  if (auto made = MakeDirectories(paths_.Runs(), 0700); !made) return Failure(made.error());
  if (auto made = MakeDirectories(paths_.output_directory, 0700); !made) return Failure(made.error());
  const auto records = ListDirectory(paths_.Runs());
  if (!records) return tl::unexpected(records.error());
  Found found;
  for (const std::string& name : *records) {
    const auto id = JobOfFile(name, kRecordSuffix);
    if (id) found.highest = std::max(found.highest, *id);
    if (!id || unfinished(*id)) continue;
    found.ended.push_back(*id);
    RemoveOrLog(paths_.Record(*id));
  }
  const auto outputs = ListDirectory(paths_.output_directory);
  if (!outputs) return tl::unexpected(outputs.error());
  for (const std::string& name : *outputs) {
    const auto id = JobOfFile(name, kOutputSuffix);
    if (id && !unfinished(*id)) Add(*id);
  }
  return found;
}

void OutputKeeper::Add(JobId id) {
  const auto facts = Look(paths_.Output(id));
  if (!facts || !facts->is_regular) return;
  Kept& kept = kept_[id];
  total_ += facts->bytes - kept.bytes;
  kept.bytes = facts->bytes;
  kept.written = WallTime{std::chrono::duration_cast<WallTime::duration>(std::chrono::nanoseconds{facts->mtime_ns})};
  KeepBound();
}

void OutputKeeper::Remove(JobId id) {
  if (const auto at = kept_.find(id); at != kept_.end()) {
    total_ -= at->second.bytes;
    kept_.erase(at);
  }
  RemoveOrLog(paths_.Output(id));
}

void OutputKeeper::RemoveOlderThan(WallTime time) {
  while (!kept_.empty() && kept_.begin()->second.written < time) Remove(kept_.begin()->first);
}

void OutputKeeper::KeepBound() {
  while (total_ > bound_ && !kept_.empty()) Remove(kept_.begin()->first);
}

}  // namespace cmdsrv
