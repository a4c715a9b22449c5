#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

/// What the measuring programs share: medians, a table, and the line that says whether a promise is kept.
namespace cmdsrv::bench {

using SteadyClock = std::chrono::steady_clock;

/// Milliseconds since `begin`.
double Since(SteadyClock::time_point begin);

/// Processor time that a running process has used, in microseconds; it says the same on a busy machine.
double CpuMicroseconds(pid_t pid);

/// Of at least one value.
double Median(std::vector<double> values);

/// Memory of a process in KiB: shared pages in parts, what is swapped out too.
double MemoryKib(pid_t pid);

/// How many system calls all threads of a process make in `seconds` (by strace, which writes to `file`); prints its
/// table when there are any.
double SystemCalls(pid_t pid, long seconds, const std::string& file);

/// Prints "goal met    NAME: measured 0.83, goal at least 0.5" (or "goal missed").
void GoalAtLeast(std::string_view name, double measured, double goal, std::string_view unit = "");
void GoalAtMost(std::string_view name, double measured, double goal, std::string_view unit = "");

/// The first line of every output: which program, what it measures, on which build and machine.
void PrintHead(std::string_view program, std::string_view what);

/// Ends the program with status 2: the number could not be measured, which is not the same as a missed goal.
[[noreturn]] void CannotMeasure(std::string_view why);

/// The whole number behind `option` in the arguments ("--seconds 5"), or `otherwise`.
long NumberOption(int argc, char** argv, std::string_view option, long otherwise);

}  // namespace cmdsrv::bench
