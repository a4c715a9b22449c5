#include "server/loader.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "server/machine.hpp"

namespace cmdsrv {
namespace {

using namespace std::chrono_literals;

class Folder : public testing::Test {
 protected:
  Folder() {
    char name[] = "/tmp/loader-XXXXXX";
    directory_ = ::mkdtemp(name);
  }
  ~Folder() override { std::filesystem::remove_all(directory_); }

  std::string Make(const std::string& name, std::chrono::minutes age) const {
    const std::string path = directory_ + "/" + name;
    std::ofstream(path) << "x";
    std::filesystem::last_write_time(path, std::filesystem::file_time_type::clock::now() - age);
    return path;
  }

  std::string directory_;
};

using UploadsTest = Folder;
using JobLimitTest = Folder;

TEST_F(UploadsTest, OldFilesAndLinksGoAndNothingElse) {
  const std::string old_file = Make("old", 11min);
  const std::string young = Make("young", 9min);
  const std::string target = Make("../" + std::filesystem::path(directory_).filename().string() + ".target", 60min);
  const std::string link = directory_ + "/link";
  ASSERT_EQ(::symlink(target.c_str(), link.c_str()), 0);
  const timespec times[2] = {{.tv_sec = 1, .tv_nsec = 0}, {.tv_sec = 1, .tv_nsec = 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, link.c_str(), times, AT_SYMLINK_NOFOLLOW), 0);
  const std::string folder = directory_ + "/folder";
  std::filesystem::create_directory(folder);
  ASSERT_EQ(::utimensat(AT_FDCWD, folder.c_str(), times, 0), 0);

  CleanUploads(directory_ + "/", std::chrono::system_clock::now());

  EXPECT_FALSE(std::filesystem::exists(old_file));
  EXPECT_FALSE(std::filesystem::is_symlink(link));
  EXPECT_TRUE(std::filesystem::exists(young));
  EXPECT_TRUE(std::filesystem::exists(folder));
  EXPECT_TRUE(std::filesystem::exists(target));
  std::filesystem::remove(target);
}

TEST_F(UploadsTest, MissingDirectoryIsFine) { CleanUploads(directory_ + "/none", std::chrono::system_clock::now()); }

TEST(StepPriorityTest, UsualWordsAreSystemCallsAndOthersGoBeforeTheProgram) {
  Settings settings;
  const auto with = [&](const char* words) {
    settings.as_sent["cmdsrv_lower_job_priority_str"] = words;
    return PriorityOf(settings);
  };
  EXPECT_TRUE(with("/usr/bin/nice -n19 /usr/bin/ionice -c2 -n7 ").low);
  EXPECT_TRUE(with("/usr/bin/nice -n19 /usr/bin/ionice -c2 -n7 ").words.empty());
  EXPECT_FALSE(with(" /usr/bin/nice  -n5 ").low);
  EXPECT_EQ(with(" /usr/bin/nice  -n5 ").words, (std::vector<std::string>{"/usr/bin/nice", "-n5"}));
  EXPECT_FALSE(with("").low) << "nothing is to be put before the program";
  EXPECT_TRUE(with("nice -n5").low) << "a program without a path is not looked for";
  EXPECT_TRUE(with("nice -n5").words.empty());
  settings.lower_job_priority = false;
  EXPECT_FALSE(with("/usr/bin/nice -n5").low);
  EXPECT_TRUE(with("/usr/bin/nice -n5").words.empty());
}

TEST_F(JobLimitTest, IsLowerOnARaspberryPi) {
  const Root root = Root::At(directory_).value();
  Settings settings;
  EXPECT_EQ(JobLimit(settings, root), settings.max_concurrent_jobs);
  std::filesystem::create_directories(directory_ + "/proc/device-tree");
  std::ofstream(directory_ + "/proc/device-tree/model") << "Raspberry Pi 4 Model B Rev 1.4";
  EXPECT_EQ(JobLimit(settings, root), settings.max_rpi_jobs);
  settings.max_concurrent_jobs = 2;
  EXPECT_EQ(JobLimit(settings, root), 2);
  std::ofstream(directory_ + "/proc/device-tree/model") << "Some other board";
  settings.max_concurrent_jobs = 7;
  EXPECT_EQ(JobLimit(settings, root), 7);
  std::ofstream(directory_ + "/proc/cpuinfo") << "Model\t\t: Raspberry Pi 3 Model B Plus Rev 1.3\n";
  EXPECT_EQ(JobLimit(settings, root), settings.max_rpi_jobs) << "a kernel without a device tree";
}

}  // namespace
}  // namespace cmdsrv
