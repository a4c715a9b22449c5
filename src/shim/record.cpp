#include "shim/record.hpp"

#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>

namespace cmdsrv::shim {
namespace {

std::int64_t Milliseconds(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
}

}  // namespace

std::int64_t UnixMilliseconds() { return Milliseconds(CLOCK_REALTIME); }
std::int64_t MonotonicMilliseconds() { return Milliseconds(CLOCK_MONOTONIC); }

RunRecord* MapRecord(int descriptor) {
  struct stat facts {};
  if (fstat(descriptor, &facts) != 0 || !S_ISREG(facts.st_mode)) return nullptr;
  if (facts.st_size != static_cast<off_t>(kRunRecordFileSize)) return nullptr;  // a short file would mean SIGBUS
  void* page = mmap(nullptr, kRunRecordFileSize, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  return page == MAP_FAILED ? nullptr : static_cast<RunRecord*>(page);
}

void FinishRecord(RunRecord& record, RunPhase phase) {
  record.ended_unix_ms = UnixMilliseconds();
  record.phase = phase;
  record.checksum = RunChecksum(record);
}

void CommitRecord(int descriptor) {
  // The daemon made and allocated the file; committing it commits its name too on the journalling file systems. A
  // failing disk cannot be helped here: the daemon still reads the record from memory, and so it does after our end.
  while (fdatasync(descriptor) != 0 && errno == EINTR) {
  }
}

}  // namespace cmdsrv::shim
