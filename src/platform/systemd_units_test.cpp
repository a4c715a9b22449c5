#include "platform/systemd_units.hpp"

#include <gmock/gmock.h>
#include <sys/eventfd.h>
#include <sys/stat.h>

#include <filesystem>

#include "platform/unique_fd.hpp"
#include "support/scratch.hpp"
#include "support/stand_in_systemd.hpp"

namespace cmdsrv {
namespace {

using namespace std::chrono_literals;
using Manner = test::StandInSystemd::Manner;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

TEST(UnitNames, AreNeitherOptionsNorPathsNorPatterns) {
  for (const char* name : {"kiwix-serve.service", "openvpn@xscenet.service", "usbmount@.service", "a\\x2db.service"})
    EXPECT_TRUE(IsUnitName(name)) << name;
  for (const char* name : {"", ".service", "kiwix", "-x.service", "../x.service", "a/b.service", "*.service",
                           "a b.service", "a\n.service", "a[1].service", "x.conf"})
    EXPECT_FALSE(IsUnitName(name)) << name;
}

TEST(UnitFacts, WordsMeanWhatSystemctlSaysByItsExitStatus) {
  for (const char* word : {"active", "reloading"}) EXPECT_TRUE((UnitFacts{word, ""}.IsActive())) << word;
  for (const char* word : {"inactive", "failed", "activating", "deactivating", "maintenance", ""})
    EXPECT_FALSE((UnitFacts{word, ""}.IsActive())) << word;
  for (const char* word : {"enabled", "enabled-runtime", "static", "alias", "indirect", "generated"})
    EXPECT_TRUE((UnitFacts{"", word}.IsEnabled())) << word;
  for (const char* word : {"disabled", "masked", "masked-runtime", "linked", "transient", "bad", "not-found", ""})
    EXPECT_FALSE((UnitFacts{"", word}.IsEnabled())) << word;
}

class OverTheBus : public testing::Test {
 protected:
  Result<std::vector<UnitFacts>> Ask(std::vector<std::string> units, int stop_fd = -1) {
    return AskSystemd(systemd_->Address(), {.units = std::move(units), .deadline = 10s, .stop_fd = stop_fd});
  }

  test::ScratchDirectory scratch_;
  std::optional<test::StandInSystemd> systemd_{std::in_place, scratch_ / "bus"};
};

TEST_F(OverTheBus, AllUnitsInOneRound) {
  systemd_->SetUnit("kiwix-serve.service", "active", "enabled");
  systemd_->SetUnit("cups.service", "failed", "masked");
  systemd_->SetUnit("openvpn@xscenet.service", "active", "enabled");
  systemd_->SetUnit("usbmount@.service", "active", "static");
  const auto facts =
      Ask({"cups.service", "usbmount@.service", "gone.service", "openvpn@xscenet.service", "kiwix-serve.service"});
  ASSERT_TRUE(facts) << facts.error().message;
  ASSERT_EQ(facts->size(), 5U);
  EXPECT_EQ((*facts)[0].active, "failed");
  EXPECT_EQ((*facts)[0].file, "masked");
  EXPECT_EQ((*facts)[1].active, "inactive") << "a template never runs";
  EXPECT_EQ((*facts)[1].file, "static");
  EXPECT_EQ((*facts)[2].active, "inactive");
  EXPECT_EQ((*facts)[2].file, "not-found");
  EXPECT_TRUE((*facts)[3].IsActive() && (*facts)[3].IsEnabled());
  EXPECT_TRUE((*facts)[4].IsActive() && (*facts)[4].IsEnabled());
  EXPECT_EQ(systemd_->Connections(), 1);
  EXPECT_THAT(
      systemd_->UnitCalls(),
      UnorderedElementsAre("ListUnitsByNames cups.service gone.service openvpn@xscenet.service kiwix-serve.service",
                           "ListUnitFilesByPatterns cups.service usbmount@.service gone.service kiwix-serve.service",
                           "GetUnitFileState openvpn@xscenet.service"));
}

TEST_F(OverTheBus, NoUnitsNoQuestion) {
  EXPECT_THAT(Ask({}).value(), IsEmpty());
  EXPECT_EQ(systemd_->Connections(), 0);
}

TEST_F(OverTheBus, HostileWordsAreMadePrintable) {
  systemd_->SetUnit("cups.service", std::string("act\x1b[2Jive\n") + std::string(500, 'x'), "enabled\r\n");
  const auto facts = Ask({"cups.service"});
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->front().active.substr(0, 11), "act?[2Jive?");
  EXPECT_LE(facts->front().active.size(), 40U);
  EXPECT_FALSE(facts->front().IsEnabled());
}

TEST_F(OverTheBus, RefusalsAreErrors) {
  systemd_->Behave(Manner::Refuses);
  EXPECT_THAT(Ask({"cups.service"}).error().message, HasSubstr("systemd does not tell about units: Access denied"));
  systemd_->Behave(Manner::GoesAway);
  EXPECT_FALSE(Ask({"cups.service"}));
  systemd_->Behave(Manner::Works);
  EXPECT_TRUE(Ask({"cups.service"}));
}

TEST_F(OverTheBus, SilenceIsBounded) {
  systemd_->Behave(Manner::IsSilent);
  EXPECT_EQ(Ask({"cups.service"}).error().message, "systemd did not answer over D-Bus in time");
}

TEST_F(OverTheBus, AServerThatStopsDoesNotWait) {
  systemd_->Behave(Manner::IsSilent);
  const UniqueFd stop(::eventfd(1, EFD_CLOEXEC));
  EXPECT_EQ(Ask({"cups.service"}, stop.Get()).error().message, "the server stops");
}

TEST_F(OverTheBus, NoBusIsAnError) {
  systemd_.reset();
  const auto facts = AskSystemd("unix:path=" + scratch_ / "nothing", {.units = {"cups.service"}});
  ASSERT_FALSE(facts);
  EXPECT_EQ(facts.error().code, ErrorCode::Unavailable);
  EXPECT_EQ(facts.error().message, "cannot talk to systemd over D-Bus: no such file or directory");
}

class BySystemctl : public testing::Test {
 protected:
  void Systemctl(const std::string& body) {
    const std::string path = scratch_ / "usr/bin/systemctl";
    std::filesystem::create_directories(scratch_ / "usr/bin");
    test::Spit(path, "#!/bin/sh\necho \"$*\" >> " + scratch_ / "calls" + "\n" + body);
    ::chmod(path.c_str(), 0755);
  }
  Result<std::vector<UnitFacts>> Ask(std::vector<std::string> units) {
    return LookAtUnits(root_, {.units = std::move(units)});
  }

  test::ScratchDirectory scratch_;
  Root root_ = Root::At(scratch_.Path()).value();
};

// As systemctl 252 prints it: one block for each unit in the order asked for, values may be empty.
constexpr const char* kShow =
    "case \"$1\" in\n"
    "show) printf 'ActiveState=active\\nUnitFileState=enabled\\n\\nActiveState=inactive\\nUnitFileState=\\n' ;;\n"
    "is-enabled) echo static ;;\n"
    "esac\n";

TEST_F(BySystemctl, OneCallForAllAndOneForEachTemplate) {
  Systemctl(kShow);
  const auto facts = Ask({"kiwix-serve.service", "usbmount@.service", "gone.service"});
  ASSERT_TRUE(facts) << facts.error().message;
  EXPECT_TRUE((*facts)[0].IsActive() && (*facts)[0].IsEnabled());
  EXPECT_TRUE(!(*facts)[1].IsActive() && (*facts)[1].IsEnabled());
  EXPECT_TRUE(!(*facts)[2].IsActive() && !(*facts)[2].IsEnabled());
  EXPECT_EQ(test::Slurp(scratch_ / "calls"),
            "is-enabled -- usbmount@.service\n"
            "show --property=ActiveState --property=UnitFileState -- kiwix-serve.service gone.service\n");
}

TEST_F(BySystemctl, WhatItDoesNotSayIsNotGuessed) {
  Systemctl("exit 1\n");
  EXPECT_THAT(Ask({"cups.service"}).error().message, HasSubstr("exit status 1"));
  Systemctl("echo ActiveState=active\n");
  EXPECT_THAT(Ask({"cups.service", "kiwix-serve.service"}).error().message,
              HasSubstr("systemctl told about 1 units instead of 2"));
  Systemctl("yes ActiveState=active | head -c 1000000; exit 0\n");
  EXPECT_FALSE(Ask({"cups.service", "kiwix-serve.service"})) << "its output is bounded";
}

TEST_F(BySystemctl, IsTheFallBackOfABusThatRefuses) {
  Systemctl("printf 'ActiveState=active\\nUnitFileState=enabled\\n'\n");
  std::filesystem::create_directories(scratch_ / "run/systemd/system");
  std::filesystem::create_directories(scratch_ / "run/dbus");
  test::StandInSystemd systemd(scratch_ / "run/dbus/system_bus_socket");
  systemd.SetUnit("cups.service", "inactive", "disabled");
  EXPECT_FALSE(Ask({"cups.service"}).value().front().IsActive()) << "the bus is asked first";
  EXPECT_EQ(test::Slurp(scratch_ / "calls"), "");
  systemd.Behave(Manner::Refuses);
  EXPECT_TRUE(Ask({"cups.service"}).value().front().IsActive());
}

}  // namespace
}  // namespace cmdsrv
