#include "content/settings.hpp"

#include <gmock/gmock.h>

namespace cmdsrv {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Settings Read(std::string_view text, const Root& root = {}) {
  auto settings = ParseSettings(root, "", text);
  if (!settings) throw std::runtime_error(settings.error().message);
  return *std::move(settings);
}

TEST(Settings, DefaultsFillAnEmptyFile) {
  const Settings settings = Read("{}");
  EXPECT_THAT(settings.complaints, IsEmpty());
  EXPECT_EQ(settings.cmdsrv_dir, "/opt/admin/cmdsrv/");
  EXPECT_EQ(settings.database_path, "/opt/admin/cmdsrv/cmdsrv.0.3.db");
  EXPECT_EQ(settings.apache_user, "www-data");
  EXPECT_EQ(settings.workers, 5);
  EXPECT_EQ(settings.state_dir, "/var/lib/iiab-cmdsrv/");
  EXPECT_EQ(settings.job_output_dir, "/var/lib/iiab-cmdsrv/jobs/");
  EXPECT_EQ(settings.assets_dir, "/library/www/html/common/assets/");
  EXPECT_EQ(settings.home_menu_file, "/library/www/html/home/menu.json");
  EXPECT_EQ(settings.menu_defs_dir, "/library/www/html/js-menu/menu-files/menu-defs/");
  EXPECT_EQ(settings.uploads_dir, "/library/working/uploads/");
  EXPECT_EQ(settings.as_sent.at("osm_version").as_string(), "V3");
  EXPECT_EQ(settings.as_sent.at("maps_tiles_base").as_string(), "osm-planet_z0-z10_2020.mbtiles");
}

TEST(Settings, PathsAreInsideTheRootAndDirectoriesEndInASlash) {
  const auto root = Root::At("/tmp");
  ASSERT_TRUE(root);
  const Settings settings =
      Read(R"({"cmdsrv_conf": {"zim_dir": "/library/zims", "doc_root": "/www/", "state_dir": "/s"}})", *root);
  EXPECT_EQ(settings.zim_dir, "/tmp/library/zims/");
  EXPECT_EQ(settings.doc_root, "/tmp/www/");
  EXPECT_EQ(settings.assets_dir, "/tmp/www/common/assets/");
  EXPECT_EQ(settings.job_output_dir, "/tmp/s/jobs/");
  EXPECT_EQ(settings.socket_path, "/tmp/run/cmdsrv_sock");
  EXPECT_EQ(settings.cmdsrv_dir, "/tmp/opt/admin/cmdsrv/");
  EXPECT_EQ(settings.as_sent.at("zim_dir").as_string(), "/library/zims") << "the console sees what the file says";
}

TEST(Settings, WrongTypesAreNamedAndReplaced) {
  const Settings settings = Read(R"({"cmdsrv_conf": {"cmdsrv_no_workers": "many", "cmdsrv_max_rpi_jobs": 0,
      "zim_dir": "library", "dry_run": 1, "kiwix_opds_url": null, "fetch_stall_s": 3.5, "cmdsrv_dbname": "../x"}})");
  EXPECT_THAT(
      settings.complaints,
      ElementsAre(HasSubstr("cmdsrv_no_workers"), HasSubstr("cmdsrv_max_rpi_jobs"), HasSubstr("fetch_stall_s"),
                  HasSubstr("dry_run"), HasSubstr("cmdsrv_dbname"), HasSubstr("zim_dir"), HasSubstr("kiwix_opds_url")));
  EXPECT_EQ(settings.workers, 5);
  EXPECT_EQ(settings.zim_dir, "/library/zims/");
  EXPECT_EQ(settings.database_path, "/opt/admin/cmdsrv/cmdsrv.0.3.db");
  EXPECT_EQ(settings.as_sent.at("cmdsrv_no_workers").as_int64(), 5);
}

TEST(Settings, KeysForOthersAreCheckedToo) {
  const Settings settings = Read(R"({"cmdsrv_conf": {"df_program": ["/bin/df"], "squid_service": "../etc",
      "cmdsrv_lower_job_priority_str": 19, "cmdsrv_job_poll_sleep_interval": "1", "iiab_base": null}})");
  EXPECT_THAT(settings.complaints,
              ElementsAre(HasSubstr("iiab_base"), HasSubstr("cmdsrv_lower_job_priority_str"), HasSubstr("df_program"),
                          HasSubstr("squid_service"), HasSubstr("cmdsrv_job_poll_sleep_interval")));
  EXPECT_EQ(settings.as_sent.at("df_program"), "/bin/df");
  EXPECT_EQ(settings.as_sent.at("squid_service"), "squid");
  EXPECT_EQ(settings.as_sent.at("cmdsrv_job_poll_sleep_interval"), 1);
  EXPECT_THAT(Read(R"({"cmdsrv_conf": {"cmdsrv_job_poll_sleep_interval": 0.5, "squid_service": "squid3"}})").complaints,
              IsEmpty());
}

TEST(Settings, DownloadsAreTriedAgainForAWeekUnlessTheFileSaysOtherwise) {
  const Settings settings = Read("{}");
  EXPECT_EQ(settings.download_retry_days, 7);
  EXPECT_EQ(settings.download_retry_first_s, 5);
  EXPECT_EQ(settings.download_retry_longest_s, 1800);
  EXPECT_EQ(Read(R"({"cmdsrv_conf": {"download_retry_days": 0}})").download_retry_days, 0);
  EXPECT_THAT(Read(R"({"cmdsrv_conf": {"download_retry_first_s": 0}})").complaints,
              ElementsAre(HasSubstr("download_retry_first_s")));
}

TEST(Settings, HistoryIsKeptForEverWhenTheFileSaysSo) {
  const Settings settings = Read(R"({"cmdsrv_conf": {"db_keep_jobs_days": 0, "db_keep_commands_days": 0}})");
  EXPECT_EQ(settings.db_keep_jobs_days, 0);
  EXPECT_EQ(settings.db_keep_commands_days, 0);
  EXPECT_THAT(settings.complaints, ElementsAre());
}

TEST(Settings, AWholeNumberMayBeWrittenAsAFraction) {
  EXPECT_EQ(Read(R"({"cmdsrv_conf": {"cmdsrv_no_workers": 3.0}})").workers, 3);
}

TEST(Settings, UnknownKeysStayAndSecretsGo) {
  const Settings settings = Read(R"({"cmdsrv_conf": {"later": [1], "known_pi_password": "x"}})");
  EXPECT_TRUE(settings.as_sent.contains("later"));
  EXPECT_FALSE(settings.as_sent.contains("known_pi_password"));
}

TEST(Settings, TheAccountIsFatal) {
  for (const char* text : {R"({"cmdsrv_conf": {"apache_user": 33}})", R"({"cmdsrv_conf": {"apache_user": ""}})"}) {
    const auto settings = ParseSettings({}, "", text);
    ASSERT_FALSE(settings);
    EXPECT_EQ(settings.error().code, ErrorCode::Malformed);
    EXPECT_THAT(settings.error().message, HasSubstr("apache_user"));
  }
}

TEST(Settings, WhatIsNoConfigurationIsCorrupt) {
  for (const char* text : {"", "[]", "{", R"({"cmdsrv_conf": 1})", R"({"cmdsrv_conf": {"a": 1,}})"}) {
    const auto settings = ParseSettings({}, "", text);
    ASSERT_FALSE(settings) << text;
    EXPECT_EQ(settings.error().code, ErrorCode::Corrupt) << text;
  }
}

TEST(Settings, AMissingFileIsNotFound) {
  const auto settings = ReadSettings({}, "/nonexistent/cmdsrv");
  ASSERT_FALSE(settings);
  EXPECT_EQ(settings.error().code, ErrorCode::NotFound);
  EXPECT_THAT(settings.error().message, HasSubstr("/nonexistent/cmdsrv/cmdsrv.conf"));
}

}  // namespace
}  // namespace cmdsrv
