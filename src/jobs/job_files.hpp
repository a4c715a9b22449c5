#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"

namespace cmdsrv {

/// Where the files of a job are.
struct JobPaths {
  std::string state_directory;
  std::string output_directory;
  std::string old_output_directory = {};  ///< of the Python program; empty: there is none

  std::string Runs() const { return state_directory + "/runs"; }
  std::string Record(JobId id) const;  ///< <state>/runs/job-12.run
  std::string Output(JobId id) const;  ///< <outputs>/job-12.out
};

/// The job of a file name like "job-12.out"; empty for any other name.
std::optional<JobId> JobOfFile(std::string_view name, std::string_view suffix);

/// Keeps the outputs of ended jobs within a bound: the oldest go first. The Minder's thread only.
class OutputKeeper {
 public:
  OutputKeeper(JobPaths paths, std::uint64_t bound_bytes) : paths_(std::move(paths)), bound_(bound_bytes) {}

  struct Found {
    std::vector<JobId> ended;  ///< their run records were there and were removed; somebody may still write to one
    JobId highest;             ///< of all that have a record; outputs may lie where anybody can make files
  };
  /// Takes in what is there; `unfinished` tells jobs whose files must stay, whatever their size. Errors: Io when a
  /// directory cannot be made or listed.
  Result<Found> Begin(const std::function<bool(JobId)>& unfinished);

  /// The job has ended; its output counts from now on.
  void Add(JobId id);

  /// The job's row is gone.
  void Remove(JobId id);

  /// The outputs of the first jobs that were last written before `time` go. What a box wrote while its clock was wrong
  /// stays as long as an older job's does.
  void RemoveOlderThan(WallTime time);

 private:
  void KeepBound();

  JobPaths paths_;
  std::uint64_t bound_;
  std::uint64_t total_ = 0;
  struct Kept {
    std::uint64_t bytes = 0;
    WallTime written;
  };
  std::map<JobId, Kept> kept_;
};

}  // namespace cmdsrv
