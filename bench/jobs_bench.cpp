// How long jobs take from submit to recorded end, with the real database and real shims, beside a bare posix_spawn.
//   jobs_bench [DIRECTORY]     where the database and the outputs go; default: a directory under /tmp
// Steps run with normal priority here: what is measured is the machinery and not what else the machine does.
#include <fmt/format.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "base/log.hpp"
#include "jobs/job_minder.hpp"
#include "platform/root.hpp"
#include "store/store.hpp"

namespace cmdsrv {
namespace {

using Clock_ = std::chrono::steady_clock;
using Ms = std::chrono::duration<double, std::milli>;

JobPlan Plan(std::size_t steps, bool chained) {
  JobPlan plan;
  for (std::size_t i = 0; i < steps; ++i) {
    StepPlan step;
    step.argv = {"/bin/true"};
    if (chained && i > 0) step.after = i - 1;
    plan.steps.push_back(step);
  }
  return plan;
}

struct World {
  std::unique_ptr<Store> store;
  std::unique_ptr<JobMinder> minder;
  Clock clock;

  void Run(JobPlan plan) {
    const auto ids = minder->Board().Submit({store->NextCommandId(), "BENCH", clock.Wall()}, std::move(plan), {});
    if (!ids) throw std::runtime_error(ids.error().message);
  }
  void WaitUntilIdle() const {
    while (!minder->Board().Unfinished().empty()) std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
};

double SpawnOnce() {
  const auto begin = Clock_::now();
  char program[] = "/bin/true";
  char* argv[] = {program, nullptr};
  pid_t pid = 0;
  if (posix_spawn(&pid, program, nullptr, nullptr, argv, environ) == 0) waitpid(pid, nullptr, 0);
  return Ms(Clock_::now() - begin).count();
}

template <class Act>
double Median(int times, Act act) {
  std::vector<double> values;
  for (int i = 0; i < times; ++i) values.push_back(act());
  std::ranges::nth_element(values, values.begin() + times / 2);
  return values[static_cast<std::size_t>(times) / 2];
}

/// User and system time: RUSAGE_SELF for the server's part, RUSAGE_CHILDREN for shims and steps that have ended.
double CpuMs(int who) {
  rusage usage{};
  getrusage(who, &usage);
  double ms = 0;
  for (const timeval& time : {usage.ru_utime, usage.ru_stime}) {
    ms += static_cast<double>(time.tv_sec) * 1000 + static_cast<double>(time.tv_usec) / 1000;
  }
  return ms;
}

double Timed(World& world, const std::function<void()>& submit) {
  const auto begin = Clock_::now();
  submit();
  world.WaitUntilIdle();
  return Ms(Clock_::now() - begin).count();
}

/// `clients` threads submit `count` lone jobs between them.
void Flood(World& world, int count, int clients) {
  std::vector<std::thread> threads;
  for (int client = 0; client < clients; ++client) {
    threads.emplace_back([&world, each = count / clients] {
      for (int i = 0; i < each; ++i) world.Run(Plan(1, false));
    });
  }
  for (std::thread& thread : threads) thread.join();
}

int Main(const std::string& directory) {
  log::SetSink([](log::Level, std::string_view, std::string&&) {});
  World world;
  auto opened = Store::Open({.path = directory + "/jobs.db"}, world.clock);
  if (!opened) return fmt::print(stderr, "{}\n", opened.error().message), 1;
  world.store = std::move(opened->store);
  MinderOptions options;
  options.default_cwd = "/";
  options.state_directory = directory + "/state";
  options.output_directory = directory + "/outputs";
  options.shim_program = Root::OwnProgram("iiab-cmdsrv-shim");
  options.environment = ChildEnvironment(Root{});
  options.low_priority = false;
  auto minder = JobMinder::Start(*world.store, world.clock, options);
  if (!minder) return fmt::print(stderr, "{}\n", minder.error().message), 1;
  world.minder = std::move(*minder);

  const double spawn = Median(100, SpawnOnce);
  fmt::print("bare posix_spawn of /bin/true           {:8.2f} ms\n", spawn);
  const double lone = Median(100, [&] { return Timed(world, [&] { world.Run(Plan(1, false)); }); });
  fmt::print("lone job, submit to recorded end        {:8.2f} ms   ({:.1f} spawns)\n", lone, lone / spawn);
  const double chain = Median(50, [&] { return Timed(world, [&] { world.Run(Plan(3, true)); }); });
  fmt::print("chain of three                          {:8.2f} ms   ({:.1f} spawns)\n", chain, chain / spawn);
  const double self_before = CpuMs(RUSAGE_SELF);
  const double children_before = CpuMs(RUSAGE_CHILDREN);
  const double group = Timed(world, [&] { world.Run(Plan(1000, false)); });
  fmt::print("1000 jobs of one Command                {:8.0f} jobs/s\n", 1e6 / group);
  fmt::print("  processor time of one job             {:8.2f} ms server, {:.2f} ms shim and step\n",
             (CpuMs(RUSAGE_SELF) - self_before) / 1000, (CpuMs(RUSAGE_CHILDREN) - children_before) / 1000);
  const double flood = Timed(world, [&] { Flood(world, 1000, 4); });
  fmt::print("1000 Commands of one job, 4 clients     {:8.0f} jobs/s\n", 1e6 / flood);
  const double spawns = Timed(world, [&] {
    for (int i = 0; i < 1000; ++i) SpawnOnce();
  });
  fmt::print("1000 bare spawns one after the other    {:8.0f} jobs/s\n", 1e6 / spawns);
  world.minder->Stop(false);
  world.store->Close();
  return 0;
}

}  // namespace
}  // namespace cmdsrv

int main(int count, char** values) {
  if (count > 1) return cmdsrv::Main(values[1]);
  char directory[] = "/tmp/cmdsrv-bench-XXXXXX";
  if (mkdtemp(directory) == nullptr) return 1;
  const int result = cmdsrv::Main(directory);
  std::filesystem::remove_all(directory);
  return result;
}
