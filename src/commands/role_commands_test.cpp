#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>

#include "commands/fake_box.hpp"
#include "support/stand_in_systemd.hpp"

namespace cmdsrv {
namespace {

using testing::HasSubstr;

class RolesStat : public testing::Test {
 protected:
  RolesStat() {
    for (const char* directory : {"/run/systemd/system", "/run/dbus", "/usr/bin"})
      std::filesystem::create_directories(box.root.Path(directory));
    // The machine's own must not answer for the box.
    box.Write(box.root.Path("/usr/bin/systemctl"), "#!/bin/sh\nexit 1\n");
    ::chmod(box.root.Path("/usr/bin/systemctl").c_str(), 0755);
    systemd.emplace(box.root.Path("/run/dbus/system_bus_socket"));
  }
  json::object Ask() {
    const auto reply = box.Ask("GET-ROLES-STAT");
    if (!reply) return {{"Error", reply.error().message}};
    return std::get<json::value>(std::get<Answer>(*reply)).get_object();
  }

  FakeBox box;
  std::optional<test::StandInSystemd> systemd;
};

TEST_F(RolesStat, AllRolesOfOneBox) {
  box.Write(box.root.Path("/etc/iiab/iiab_state.yml"), "kiwix_installed: True\nazuracast_installed: yes\n");
  systemd->SetUnit("kiwix-serve.service", "active", "enabled");
  systemd->SetUnit("cups.service", "active", "disabled");
  std::filesystem::create_directories(box.root.Path("/etc/nginx/conf.d"));
  box.Write(box.root.Path("/etc/nginx/conf.d/maps-nginx.conf"), "");
  const json::object roles = Ask();
  EXPECT_EQ(roles.size(), 33U);
  const auto facts = [&](const char* role) { return PrintJson(roles.at(role)); };
  EXPECT_EQ(facts("kiwix"), R"({"installed":true,"enabled":true,"active":true})");
  EXPECT_EQ(facts("cups"), R"({"installed":false,"enabled":false,"active":true})");
  EXPECT_EQ(facts("osm_vector_maps"), R"({"installed":false,"enabled":true,"active":true})");
  EXPECT_EQ(facts("azuracast"), R"({"installed":true,"enabled":true,"active":true})");
  EXPECT_EQ(facts("phpmyadmin"), R"({"installed":false,"enabled":false,"active":false})");
  EXPECT_EQ(facts("kolibri"), R"({"installed":false,"enabled":false,"active":false})");
  EXPECT_EQ(systemd->Connections(), 1);
}

TEST_F(RolesStat, NothingIsSaidWhereNothingIsKnown) {
  systemd->Behave(test::StandInSystemd::Manner::Refuses);
  EXPECT_EQ(TextOf(box.Ask("GET-ROLES-STAT")), "error: Unable to read Roles Status");
}

TEST_F(RolesStat, RolesOfTheBoxsFileMayBeRequired) {
  box.Write(box.root.Path("/opt/admin/cmdsrv/roles.json"), R"({"roles": {"wiki": {"source": "install"}}})");
  EXPECT_TRUE(box.Use().box.roles.Has("wiki"));
  EXPECT_TRUE(box.Use().box.roles.Has("kiwix"));
  EXPECT_FALSE(box.Use().box.roles.Has("no-role"));
  EXPECT_EQ(Ask().size(), 34U);
}

}  // namespace
}  // namespace cmdsrv
