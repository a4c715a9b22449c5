#include "server/service_monitor.hpp"

#include <gtest/gtest.h>
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
  ServiceMonitorTest() {
    char name[] = "/tmp/services-XXXXXX";
    directory_ = ::mkdtemp(name);
    for (const char* part : {"/usr/bin", "/etc/iiab", "/etc/nginx/conf.d", "/etc/nginx/sites-enabled"}) {
      std::filesystem::create_directories(directory_ + part);
    }
    root_ = Root::At(directory_).value();
  }
  ~ServiceMonitorTest() override { std::filesystem::remove_all(directory_); }

  void Systemctl(const std::string& body) {
    const std::string path = directory_ + "/usr/bin/systemctl";
    std::ofstream(path) << "#!/bin/sh\n" << body;
    ::chmod(path.c_str(), 0755);
  }
  ServiceAnswer Ask(const std::string& role, const std::string& state) {
    return LookUpService(root_, {role, state}, -1);
  }

  std::string directory_;
  Root root_;
};

TEST_F(ServiceMonitorTest, UnitsAreAskedForByName) {
  Systemctl("case \"$*\" in\n'is-active -- kiwix-serve.service') echo active ;;\n*) echo inactive; exit 3 ;;\nesac\n");
  EXPECT_TRUE(Ask("kiwix", "active").ready);
  const auto enabled = Ask("kiwix", "enabled");
  EXPECT_FALSE(enabled.ready);
  EXPECT_EQ(enabled.detail, "kiwix-serve.service is inactive");
  EXPECT_EQ(enabled.need, (ServiceNeed{"kiwix", "enabled"}));
}

TEST_F(ServiceMonitorTest, SilentProgramsAreDescribed) {
  Systemctl("exit 4\n");
  EXPECT_EQ(Ask("kiwix", "active").detail, "kiwix-serve.service is exit status 4");
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
  Systemctl("echo active\n");
  ServiceMonitor monitor(root_);
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
    ServiceMonitor monitor(root_);
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
