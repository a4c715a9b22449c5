// What the console asks about the box itself: GET-ROLES-STAT with all units over D-Bus, beside the bare round over
// D-Bus; GET-SYSTEM-INFO and GET-NETWORK-INFO where no internet is, beside an answer from memory and the kernel's own.
//   bench_facts [--rounds 300]
#include <fmt/format.h>

#include <filesystem>

#include "content/roles.hpp"
#include "measure.hpp"
#include "platform/network_state.hpp"
#include "platform/systemd_units.hpp"
#include "support/ask.hpp"
#include "support/silent_port.hpp"
#include "support/stand_in_systemd.hpp"
#include "support/test_box.hpp"

namespace cmdsrv::bench {
namespace {

struct Times {
  std::vector<double> ours_ms, bare_ms;
};

/// Rounds alternate, so that what else the machine does hits both alike.
template <class Ours, class Bare>
Times Alternate(long rounds, Ours ours, Bare bare) {
  Times times;
  for (long round = 0; round < rounds; ++round) {
    auto begin = SteadyClock::now();
    bare();
    times.bare_ms.push_back(Since(begin));
    begin = SteadyClock::now();
    ours();
    times.ours_ms.push_back(Since(begin));
  }
  return times;
}

double AskOnce(const test::TestBox& box, const std::string& command) {
  const auto begin = SteadyClock::now();
  const auto reply = test::AskText(box.Socket(), command, std::chrono::seconds(60));
  if (!reply) CannotMeasure(reply.error().message);
  if (reply->starts_with("{\"Error\"")) CannotMeasure(*reply);
  return Since(begin);
}

void MeasureRoles(long rounds) {
  test::TestBox box;
  for (const char* directory : {"/run/systemd/system", "/run/dbus"})
    std::filesystem::create_directories(box.Path(directory));
  const test::StandInSystemd systemd(box.Path("/run/dbus/system_bus_socket"));
  const test::Daemon daemon = box.StartDaemon();
  UnitQuestion question;
  const RoleTable table;
  for (const RoleRow& row : table.Rows()) {
    if (row.source == RoleSource::Service) question.units.push_back(row.unit_or_file);
  }
  const Times times = Alternate(
      rounds, [&] { AskOnce(box, "GET-ROLES-STAT"); },
      [&] {
        const auto facts = AskSystemd(systemd.Address(), question);
        if (!facts) CannotMeasure(facts.error().message);
      });
  const double ours = Median(times.ours_ms);
  fmt::print("GET-ROLES-STAT {:.3f} ms, bare round over D-Bus for {} units {:.3f} ms\n", ours, question.units.size(),
             Median(times.bare_ms));
  GoalAtMost("GET-ROLES-STAT, median", ours, 3, " ms");
}

/// What GET-NETWORK-INFO, and with it GET-SYSTEM-INFO, cannot be quicker than: the kernel's own answer.
void MeasureNetwork(const test::TestBox& box, long rounds) {
  const Times times = Alternate(
      rounds, [&] { AskOnce(box, "GET-NETWORK-INFO"); },
      [] {
        if (const auto state = ReadNetworkState(); !state) CannotMeasure(state.error().message);
      });
  const double ours = Median(times.ours_ms);
  fmt::print("GET-NETWORK-INFO without internet {:.3f} ms, the kernel's answer over netlink {:.3f} ms\n", ours,
             Median(times.bare_ms));
  GoalAtMost("GET-NETWORK-INFO without internet, median", ours, 100, " ms");
}

/// The line is there and swallows what is sent: every look for the internet lasts until its deadline.
void MeasureSilence(long rounds) {
  const test::SilentPort port;
  test::TestBox box;
  box.Configure({{"inet_check_host", "127.0.0.1"}, {"inet_check_port", port.Number()}});
  const test::Daemon daemon = box.StartDaemon();
  const double first = AskOnce(box, "GET-SYSTEM-INFO");
  std::vector<double> times;
  for (long round = 0; round < rounds; ++round) times.push_back(AskOnce(box, "GET-SYSTEM-INFO"));
  const double ours = Median(times);
  fmt::print("GET-SYSTEM-INFO with a silent internet {:.3f} ms, the first one {:.3f} ms\n", ours, first);
  GoalAtMost("GET-SYSTEM-INFO with a silent internet, median", ours, 100, " ms");
}

/// The box has no internet: nothing listens at the port that its probe asks. The first question begins the probe.
void MeasureSystem(long rounds) {
  test::TestBox box;
  box.Configure({{"inet_check_host", "127.0.0.1"}, {"inet_check_port", 9}});
  const test::Daemon daemon = box.StartDaemon();
  const double first = AskOnce(box, "GET-SYSTEM-INFO");
  const Times times = Alternate(
      rounds, [&] { AskOnce(box, "GET-SYSTEM-INFO"); }, [&] { AskOnce(box, "GET-ADM-CONF"); });
  const double ours = Median(times.ours_ms);
  fmt::print("GET-SYSTEM-INFO without internet {:.3f} ms, the first one {:.3f} ms, GET-ADM-CONF {:.3f} ms\n", ours,
             first, Median(times.bare_ms));
  GoalAtMost("GET-SYSTEM-INFO without internet, median", ours, 100, " ms");
  const Times space = Alternate(
      rounds, [&] { AskOnce(box, "GET-SPACE-AVAIL"); }, [&] { AskOnce(box, "GET-ADM-CONF"); });
  MeasureNetwork(box, rounds);
  fmt::print("GET-SPACE-AVAIL {:.3f} ms, GET-ADM-CONF {:.3f} ms\n", Median(space.ours_ms), Median(space.bare_ms));
}

int Main(int argc, char** argv) {
  PrintHead("bench_facts", "the box asked about itself");
  const long rounds = NumberOption(argc, argv, "--rounds", 300);
  MeasureRoles(rounds);
  MeasureSystem(rounds);
  MeasureSilence(std::min(rounds, 40L));
  return 0;
}

}  // namespace
}  // namespace cmdsrv::bench

int main(int argc, char** argv) { return cmdsrv::bench::Main(argc, argv); }
