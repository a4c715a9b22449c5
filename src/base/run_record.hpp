#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

/// The page that a shim and the daemon share for one run of a step: a file of exactly 4096 bytes, made and allocated by
/// the daemon before the start, inherited by the shim as an open descriptor and mapped there. A full disk cannot keep
/// the end from being recorded, and no path is opened by the shim. Libc only: the shim includes this file and nothing
/// else.
namespace cmdsrv {

enum class RunPhase : std::uint32_t {
  Waiting = 0,      ///< made by the daemon; the shim waits for the go
  Running = 1,      ///< the step runs
  Ended = 2,        ///< the step ended and nothing is left of it; `exit_kind` and `exit_value` are valid
  StartFailed = 3,  ///< `stage` and `error_number` say why
  NeverBegan = 4,   ///< the daemon went away before the go; the step was not started
};

enum class RunExit : std::uint32_t { Status = 0, Signal = 1 };

/// Where a start failed; printed as "cannot start: <stage>: <errno text>".
enum class StartStage : std::uint32_t { None = 0, Output, Session, Priority, Directory, Fork, Exec };

struct RunRecord {
  char magic[8];  ///< kRunMagic
  std::int64_t job_id;
  std::uint32_t attempt;  ///< 1 for the first start
  RunPhase phase;
  std::int32_t step_pid;  ///< leader of the step's own process group
  RunExit exit_kind;
  std::int32_t exit_value;  ///< status or signal number
  StartStage stage;
  std::int32_t error_number;
  std::uint32_t leftovers;  ///< processes that the step left behind and the shim killed
  std::uint32_t cancelled;  ///< 1: the shim was asked to end the step before it ended by itself
  std::uint32_t padding;
  std::uint64_t output_total;  ///< bytes ever printed by the step; see platform/job_output.hpp for where they are
  std::int64_t started_unix_ms;
  std::int64_t ended_unix_ms;
  std::uint64_t cpu_us;
  std::uint64_t max_rss_kib;
  std::uint32_t checksum;  ///< over everything before; written last, with the final phase
  std::uint32_t padding2;
};

inline constexpr char kRunMagic[8] = {'I', 'I', 'A', 'B', 'R', 'U', 'N', '1'};
inline constexpr std::size_t kRunRecordFileSize = 4096;
static_assert(sizeof(RunRecord) <= 512, "one disk sector, so that a power cut leaves the old or the new record");

/// FNV-1a. It detects a torn or never finished record; it is no protection against a forger.
inline std::uint32_t RunChecksum(const RunRecord& record) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(&record);
  std::uint32_t hash = 2166136261U;
  for (std::size_t i = 0; i < offsetof(RunRecord, checksum); ++i) hash = (hash ^ bytes[i]) * 16777619U;
  return hash;
}

/// True for a record that was finished: right magic, a final phase, right checksum.
inline bool IsFinal(const RunRecord& record) {
  return std::memcmp(record.magic, kRunMagic, sizeof kRunMagic) == 0 &&
         (record.phase == RunPhase::Ended || record.phase == RunPhase::StartFailed ||
          record.phase == RunPhase::NeverBegan) &&
         record.checksum == RunChecksum(record);
}

/// The layout of a job's output file: the first half stays, the second half is a ring of what came last.
inline constexpr std::uint64_t kJobOutputHead = 4U << 20U;
inline constexpr std::uint64_t kJobOutputRing = 4U << 20U;

/// Where byte number `offset` of all that was ever printed lies in the file, and how many follow it in one piece.
inline constexpr std::uint64_t PlaceInOutput(std::uint64_t offset) {
  return offset < kJobOutputHead ? offset : kJobOutputHead + (offset - kJobOutputHead) % kJobOutputRing;
}
inline constexpr std::uint64_t RoomInOutput(std::uint64_t offset) {
  return offset < kJobOutputHead ? kJobOutputHead - offset
                                 : kJobOutputRing - (offset - kJobOutputHead) % kJobOutputRing;
}

}  // namespace cmdsrv
