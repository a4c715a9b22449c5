#include "commands/power_switch.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

#include "support/scratch.hpp"

namespace cmdsrv {
namespace {

using namespace std::chrono_literals;

class Power : public testing::Test {
 protected:
  Power() {
    for (const char* name : {"systemctl", "reboot", "shutdown"}) StandIn(name, 0);
    settings_ = ParseSettings(root_, "", "{}").value();
  }
  /// Nothing of the machine itself is ever run: the box brings all of these.
  void StandIn(const std::string& name, int status) {
    std::filesystem::create_directories(scratch_ / "usr/bin");
    const std::string path = scratch_ / ("usr/bin/" + name);
    test::Spit(path, "#!/bin/sh\necho " + name + " \"$*\" >> " + scratch_ / "calls" + "\nexit " +
                         std::to_string(status) + "\n");
    ::chmod(path.c_str(), 0755);
  }
  std::string Calls() const { return test::Slurp(scratch_ / "calls"); }
  void WaitFor(const std::string& calls) const {
    EXPECT_TRUE(test::Eventually([&] { return Calls() == calls; }, 60s)) << Calls();
  }

  test::ScratchDirectory scratch_;
  const Root root_ = Root::At(scratch_.Path()).value();
  Settings settings_;
};

TEST_F(Power, RebootAsksSystemd) {
  PowerSwitch power(settings_, root_, 1ms);
  power.Ask(PowerAct::Reboot);
  WaitFor("systemctl reboot\n");
}

TEST_F(Power, PowerOffAsksSystemd) {
  PowerSwitch power(settings_, root_, 1ms);
  power.Ask(PowerAct::PowerOff);
  WaitFor("systemctl poweroff\n");
}

TEST_F(Power, WithoutSystemdTheOldProgramsDoIt) {
  StandIn("systemctl", 1);
  {
    PowerSwitch power(settings_, root_, 1h);
    power.Ask(PowerAct::Reboot);
  }
  EXPECT_EQ(Calls(), "systemctl reboot\nreboot \n");
  {
    PowerSwitch power(settings_, root_, 1h);
    power.Ask(PowerAct::PowerOff);
  }
  EXPECT_EQ(Calls(), "systemctl reboot\nreboot \nsystemctl poweroff\nshutdown -P now\n");
}

TEST_F(Power, OnlyTheFirstOfSeveralCounts) {
  {
    PowerSwitch power(settings_, root_, 1h);
    power.Ask(PowerAct::Reboot);
    power.Ask(PowerAct::PowerOff);
    power.Ask(PowerAct::Reboot);
    EXPECT_EQ(Calls(), "") << "not before its time";
  }
  EXPECT_EQ(Calls(), "systemctl reboot\n") << "a server that stops keeps what it promised";
}

TEST_F(Power, OneThatFailedMayBeAskedForAgain) {
  for (const char* name : {"systemctl", "reboot"}) StandIn(name, 1);
  PowerSwitch power(settings_, root_, 1ms);
  power.Ask(PowerAct::Reboot);
  WaitFor("systemctl reboot\nreboot \n");
  StandIn("systemctl", 0);
  // The first one ends a moment after its last program.
  EXPECT_TRUE(test::Eventually(
      [&] {
        power.Ask(PowerAct::Reboot);
        return Calls().starts_with("systemctl reboot\nreboot \nsystemctl reboot\n");
      },
      60s));
}

TEST_F(Power, ADryRunOnlySaysSo) {
  settings_.dry_run = true;
  {
    PowerSwitch power(settings_, root_, 1h);
    power.Ask(PowerAct::Reboot);
  }
  settings_.dry_run = false;
  ::setenv("CMDSRV_DRY_RUN", "1", 1);
  {
    PowerSwitch power(settings_, root_, 1h);
    power.Ask(PowerAct::PowerOff);
  }
  ::unsetenv("CMDSRV_DRY_RUN");
  EXPECT_EQ(Calls(), "");
}

TEST_F(Power, StopWithoutAnythingToDo) {
  PowerSwitch power(settings_, root_, 1ms);
  power.Stop();
  power.Stop();
  EXPECT_EQ(Calls(), "");
}

}  // namespace
}  // namespace cmdsrv
