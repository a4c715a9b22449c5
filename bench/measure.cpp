#include "measure.hpp"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "base/text.hpp"
#include "support/run.hpp"

namespace cmdsrv::bench {
namespace {

void PrintGoal(bool met, std::string_view name, std::string_view relation, double measured, double goal,
               std::string_view unit) {
  fmt::print("goal {:<7} {}: {:.3g}{} measured, {} {:g}{} promised\n", met ? "met" : "missed", name, measured, unit,
             relation, goal, unit);
}

}  // namespace

double Since(SteadyClock::time_point begin) {
  return std::chrono::duration<double, std::milli>(SteadyClock::now() - begin).count();
}

double CpuMicroseconds(pid_t pid) {
  clockid_t clock{};
  timespec used{};
  if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) != 0) {
    CannotMeasure(fmt::format("process {} has no processor time", pid));
  }
  return static_cast<double>(used.tv_sec) * 1e6 + static_cast<double>(used.tv_nsec) / 1e3;
}

double Median(std::vector<double> values) {
  if (values.empty()) CannotMeasure("there is no measured value");
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

void GoalAtLeast(std::string_view name, double measured, double goal, std::string_view unit) {
  PrintGoal(measured >= goal, name, "at least", measured, goal, unit);
}

void GoalAtMost(std::string_view name, double measured, double goal, std::string_view unit) {
  PrintGoal(measured <= goal, name, "at most", measured, goal, unit);
}

void PrintHead(std::string_view program, std::string_view what) {
  setvbuf(stdout, nullptr, _IOLBF, 0);
  utsname machine{};
  uname(&machine);
  double load = 0;
  getloadavg(&load, 1);
  fmt::print("{}: {}\n{} build, {} cores, {}, load {:.1f}{}\n\n", program, what, CMDSRV_BUILD_TYPE,
             std::thread::hardware_concurrency(), machine.machine, load,
             load > 1 ? " (something else runs: times will be too long)" : "");
}

void CannotMeasure(std::string_view why) {
  fmt::print(stderr, "cannot measure: {}\n", why);
  std::exit(2);
}

long NumberOption(int argc, char** argv, std::string_view option, long otherwise) {
  for (int i = 1; i < argc; ++i) {
    if (argv[i] != option) continue;
    const auto number = i + 1 < argc ? ToInteger(argv[i + 1]) : std::nullopt;
    if (!number || *number <= 0) CannotMeasure(fmt::format("{} wants a number above 0", option));
    return static_cast<long>(*number);
  }
  return otherwise;
}

double MemoryKib(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/smaps_rollup", pid));
  double kib = -1;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("Pss:")) kib = std::strtod(line.c_str() + 4, nullptr);
    if (line.starts_with("SwapPss:")) kib += std::strtod(line.c_str() + 8, nullptr);
  }
  if (kib < 0) CannotMeasure(fmt::format("/proc/{}/smaps_rollup has no Pss", pid));
  return kib;
}

double SystemCalls(pid_t pid, long seconds, const std::string& file) {
  const auto end = test::RunTool(
      {"timeout", "--signal=INT", std::to_string(seconds), "strace", "-f", "-c", "-o", file, "-p", std::to_string(pid)},
      test::seconds(seconds + 20));
  std::ifstream summary(file);
  if (!summary) CannotMeasure("strace did not work: " + end.output);
  std::string text((std::istreambuf_iterator<char>(summary)), {});
  double calls = 0;
  for (const std::string_view line : Split(text, '\n')) {
    std::vector<std::string_view> words;
    for (const std::string_view word : Split(line, ' ')) {
      if (!word.empty()) words.push_back(word);
    }
    // "100.00    0.000123           4        27         2 total": percent, seconds, usecs/call, calls, errors, name
    if (words.size() >= 4 && words.back() == "total") calls = static_cast<double>(ToInteger(words[3]).value_or(0));
  }
  if (calls > 0) fmt::print("{}\n", text);
  return calls;
}

}  // namespace cmdsrv::bench
