#pragma once

#include "base/run_record.hpp"

namespace cmdsrv::shim {

/// The run record behind `descriptor`, mapped so that what is stored is seen by the daemon at once and survives this
/// process. Null when it is no file of the right size.
RunRecord* MapRecord(int descriptor);

/// Ends the record: end time, phase, checksum, in this order. From now on everybody on this machine reads it, also after
/// our end.
void FinishRecord(RunRecord& record, RunPhase phase);

/// Makes it survive a power cut.
void CommitRecord(int descriptor);

std::int64_t UnixMilliseconds();
std::int64_t MonotonicMilliseconds();

}  // namespace cmdsrv::shim
