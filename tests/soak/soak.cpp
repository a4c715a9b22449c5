// system_soak SECONDS: the whole system under load while it is hurt. Daemon, gateway and eight clients; in the first
// half the daemon is killed again and again; shims are killed, the disk is full for a second, the clock jumps all the
// time. At the end: each reply came, each promised job has its end, memory and descriptors are flat, the database is
// whole.
#include <algorithm>
#include <filesystem>
#include <random>

#include "base/text.hpp"
#include "soak/soak_clients.hpp"
#include "support/files.hpp"

namespace cmdsrv::test {
namespace {

using std::chrono::steady_clock;

struct Sample {
  double kib = 0, descriptors = 0;
};

Sample Look(pid_t pid) {
  const std::string status = ReadText(fmt::format("/proc/{}/status", pid)).value_or("");
  const std::size_t at = status.find("VmRSS:");
  std::error_code error;
  const auto files = std::filesystem::directory_iterator(fmt::format("/proc/{}/fd", pid), error);
  return {at == std::string::npos ? 0 : std::stod(status.substr(at + 6)),
          error ? 0.0 : static_cast<double>(std::distance(begin(files), end(files)))};
}

/// Of the samples from part `from` to part `to` of the life, in order, the one at part `rank`: 0.5 is the median.
double Ranked(const std::vector<Sample>& samples, double from, double to, double Sample::*what, double rank) {
  std::vector<double> values;
  for (auto i = static_cast<std::size_t>(from * samples.size()); i < static_cast<std::size_t>(to * samples.size()); ++i)
    values.push_back(samples[i].*what);
  if (values.empty()) return 0;
  const auto at = static_cast<std::size_t>(rank * static_cast<double>(values.size()));
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(at));
  return values[at];
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kOwnMemory = false;  // a sanitizer keeps what was freed, and its own notes
#else
constexpr bool kOwnMemory = true;
#endif

/// Its last quarter against its second one: what a life needs to settle down is in the first.
void CheckFlat(SoakWorld& world, const char* name, const std::vector<Sample>& life) {
  const double before = Ranked(life, 0.25, 0.5, &Sample::kib, 0.5), after = Ranked(life, 0.75, 1, &Sample::kib, 0.5);
  // Those of jobs and clients come and go, those that are lost stay: even the quietest moment at the end has them.
  const double files_before = Ranked(life, 0.25, 0.5, &Sample::descriptors, 0.5);
  const double files_after = Ranked(life, 0.75, 1, &Sample::descriptors, 0);
  fmt::print("{}: {:.1f} -> {:.1f} MiB, {} -> {} descriptors ({} samples)\n", name, before / 1024, after / 1024,
             files_before, files_after, life.size());
  if (kOwnMemory && after > before * 1.1 + 2048) world.Complain(fmt::format("the memory of {} grows", name));
  if (files_after > files_before + 8) world.Complain(fmt::format("the descriptors of {} grow", name));
}

class Soak {
 public:
  explicit Soak(seconds time) : time_(time) {}

  int Run() {
    auto clients = StartClients(world_);
    const auto begin = steady_clock::now();
    while (steady_clock::now() - begin < time_) {
      const bool first_half = steady_clock::now() - begin < time_ / 2;
      if (first_half) daemon_.clear();
      Hurt(first_half);
      Watch(std::max<milliseconds>(milliseconds(500), time_ / 120));
    }
    Heal(clients);
    CheckFlat(world_, "gateway", gateway_);
    CheckFlat(world_, "daemon, its last life", daemon_);
    world_.EndAndCheck();
    return Tell();
  }

 private:
  int Below(int bound) { return std::uniform_int_distribution<int>(0, bound - 1)(random_); }

  void Hurt(bool may_kill) {
    constexpr std::int64_t kJumps[] = {3600, -7200, 2 * 86'400, -30, 0, -86'400, 59};
    switch (Below(may_kill ? 5 : 4)) {
      case 0:
        world_.FillDisk(true);
        Watch(milliseconds(700));
        world_.FillDisk(false);
        ++disks_;
        break;
      case 1:
        world_.MoveClock(kJumps[Below(std::size(kJumps))]);
        ++jumps_;
        break;
      case 2: shims_ += world_.KillAShim() ? 1 : 0; break;
      case 3: break;
      default: world_.KillDaemon(); ++daemons_;
    }
  }

  void Watch(milliseconds time) {
    const auto end = steady_clock::now() + time;
    while (steady_clock::now() < end) {
      gateway_.push_back(Look(world_.GatewayPid()));
      daemon_.push_back(Look(world_.DaemonPid()));
      std::this_thread::sleep_for(std::min<milliseconds>(milliseconds(100), time));  // a measurement, not a wait
    }
  }

  void Heal(std::vector<std::thread>& clients) {
    world_.FillDisk(false);
    world_.MoveClock(0);
    world_.stop = true;
    std::atomic<bool> heard{false};
    std::thread news([&] {
      while (!heard) {
        MakeNews(world_);
        WaitUntil([&] { return heard.load(); }, milliseconds(300));
      }
    });
    for (std::thread& client : clients) client.join();
    heard = true;
    news.join();
    if (!WaitUntil([&] { return world_.Unfinished() == 0; }, seconds(120)))
      world_.Complain(fmt::format("{} jobs do not end", world_.Unfinished()));
  }

  int Tell() {
    const auto complaints = world_.Complaints();
    for (const std::string& complaint : complaints) fmt::print("broken: {}\n", complaint);
    fmt::print(
        "{} s: {} requests ({} of them when the daemon was killed), {} jobs promised, {} events; killed: {} daemons, "
        "{} "
        "shims; {} full disks ({} Commands refused), {} clock jumps; {} broken promises\n",
        time_.count(), world_.requests.load(), world_.excused.load(), world_.Promised(), world_.events.load(), daemons_,
        shims_, disks_, world_.refused_by_disk.load(), jumps_, complaints.size());
    return complaints.empty() ? 0 : 1;
  }

  const seconds time_;
  SoakWorld world_;
  std::mt19937 random_{std::random_device{}()};
  std::vector<Sample> daemon_, gateway_;
  int daemons_ = 0, shims_ = 0, disks_ = 0, jumps_ = 0;
};

}  // namespace
}  // namespace cmdsrv::test

int main(int argc, char** argv) try {
  const auto time = cmdsrv::ToInteger(argc == 2 ? argv[1] : "");
  if (!time || *time < 4 || *time > 7 * 86'400) {
    fmt::print(stderr, "usage: system_soak SECONDS   (4 or more)\n");
    return 2;
  }
  return cmdsrv::test::Soak(std::chrono::seconds(*time)).Run();
} catch (const std::exception& error) {
  fmt::print(stderr, "system_soak: {}\n", error.what());
  return 1;
}
