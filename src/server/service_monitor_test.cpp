#include "server/service_monitor.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <future>

namespace cmdsrv {
namespace {

using namespace std::chrono_literals;

class ServiceMonitorTest : public testing::Test {
 protected:
  static std::string MakeDirectory() {
    char name[] = "/tmp/services-XXXXXX";
    const std::string directory = ::mkdtemp(name);
    for (const char* part :
         {"/usr/bin", "/etc/iiab", "/etc/nginx/conf.d", "/etc/nginx/sites-enabled", "/opt/admin/cmdsrv"}) {
      std::filesystem::create_directories(directory + part);
    }
    return directory;
  }
  ~ServiceMonitorTest() override { std::filesystem::remove_all(directory_); }

  void Systemctl(const std::string& body) {
    const std::string path = directory_ + "/usr/bin/systemctl";
    std::ofstream(path) << "#!/bin/sh\n" << body;
    ::chmod(path.c_str(), 0755);
  }
  ServiceAnswer Ask(const std::string& role, const std::string& state) {
    return LookUpServices(roles_, {{role, state}}, -1).at(0);
  }

  const std::string directory_ = MakeDirectory();
  const Root root_ = Root::At(directory_).value();
  const Settings settings_ = ParseSettings(root_, "", "{}").value();
  std::map<std::string, std::string, std::less<>> variables_;
  RoleReader roles_{settings_, root_, [this](std::string_view name) -> std::optional<std::string> {
                      const auto found = variables_.find(name);
                      return found == variables_.end() ? std::nullopt : std::optional(found->second);
                    }};
};

TEST_F(ServiceMonitorTest, UnitsAreAskedForByName) {
  Systemctl(
      "case \"$*\" in\n*'-- kiwix-serve.service') printf 'ActiveState=active\nUnitFileState=disabled\n' ;;\nesac\n");
  EXPECT_TRUE(Ask("kiwix", "active").ready);
  const auto enabled = Ask("kiwix", "enabled");
  EXPECT_FALSE(enabled.ready);
  EXPECT_EQ(enabled.detail, "kiwix-serve.service is disabled");
  EXPECT_EQ(enabled.need, (ServiceNeed{"kiwix", "enabled"}));
}

TEST_F(ServiceMonitorTest, SilentProgramsAreDescribed) {
  Systemctl("exit 4\n");
  EXPECT_EQ(Ask("kiwix", "active").detail, "systemctl did not tell about units: exit status 4");
}

TEST_F(ServiceMonitorTest, AVariableNamesTheUnitOfSamba) {
  Systemctl("case \"$*\" in\n*'-- smb.service') echo ActiveState=active ;;\n*) echo ActiveState=failed ;;\nesac\n");
  EXPECT_EQ(Ask("samba", "active").detail, "smbd.service is failed");
  variables_["smb_service"] = "smb";
  EXPECT_TRUE(Ask("samba", "active").ready);
  variables_["smb_service"] = "--root=/";
  EXPECT_EQ(Ask("samba", "active").detail, "smbd.service is failed") << "what is no unit is not asked for";
}

TEST_F(ServiceMonitorTest, RolesOfTheBoxsOwnFile) {
  std::ofstream(directory_ + "/opt/admin/cmdsrv/roles.json")
      << R"({"roles": {"wiki": {"source": "nginx-conf", "file": "wiki.conf"}}})";
  EXPECT_THAT(Ask("wiki", "active").detail, testing::HasSubstr("wiki.conf does not exist"));
  std::ofstream(directory_ + "/etc/nginx/conf.d/wiki.conf") << "";
  EXPECT_TRUE(Ask("wiki", "active").ready);
}

TEST_F(ServiceMonitorTest, OtherSources) {
  EXPECT_FALSE(Ask("osm_vector_maps", "active").ready);
  std::ofstream(directory_ + "/etc/nginx/conf.d/maps-nginx.conf") << "";
  EXPECT_TRUE(Ask("osm_vector_maps", "active").ready);
  std::ofstream(directory_ + "/etc/nginx/sites-enabled/capture.conf") << "";
  EXPECT_TRUE(Ask("captiveportal", "enabled").ready);
  EXPECT_FALSE(Ask("phpmyadmin", "active").ready);
  EXPECT_FALSE(Ask("no-such-role", "active").ready);
}

TEST_F(ServiceMonitorTest, InstalledComesFromTheStateFile) {
  EXPECT_FALSE(Ask("kiwix", "installed").ready);
  std::ofstream(directory_ + "/etc/iiab/iiab_state.yml") << "my_kiwix_installed: True\nkiwix_installed: True\n"
                                                         << "azuracast_installed: False\n";
  EXPECT_TRUE(Ask("kiwix", "installed").ready);
  EXPECT_FALSE(Ask("azuracast", "active").ready);
  EXPECT_EQ(Ask("azuracast", "active").detail, "azuracast is not installed");
}

TEST_F(ServiceMonitorTest, AnswersComeFromAThreadOfItsOwn) {
  Systemctl("printf 'ActiveState=active\n\nActiveState=active\n'\n");
  ServiceMonitor monitor(roles_);
  std::promise<std::vector<ServiceAnswer>> promise;
  monitor.Look({{"kiwix", "active"}, {"cups", "enabled"}},
               [&](std::vector<ServiceAnswer> answers) { promise.set_value(std::move(answers)); });
  auto answers = promise.get_future();
  ASSERT_EQ(answers.wait_for(30s), std::future_status::ready);
  EXPECT_EQ(answers.get().size(), 2U);
}

TEST_F(ServiceMonitorTest, StopEndsWhatItRuns) {
  Systemctl("touch " + directory_ + "/began; exec sleep 600\n");
  bool answered = false;
  {
    ServiceMonitor monitor(roles_);
    monitor.Look({{"kiwix", "active"}}, [&](auto) { answered = true; });
    monitor.Look({{"kiwix", "active"}}, [&](auto) { answered = true; });
    const auto before = std::chrono::steady_clock::now();
    monitor.Stop();
    EXPECT_LT(std::chrono::steady_clock::now() - before, 9s);
    monitor.Look({{"kiwix", "active"}}, [&](auto) { answered = true; });
  }
  EXPECT_FALSE(answered);
}

}  // namespace
}  // namespace cmdsrv
