#include "server/instance.hpp"

#include <grp.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "server/listen_socket.hpp"

namespace cmdsrv {
namespace {

class RunDirectory : public testing::Test {
 protected:
  RunDirectory() {
    char name[] = "/tmp/instance-XXXXXX";
    directory_ = ::mkdtemp(name);
    paths_ = {directory_ + "/lock", directory_ + "/pid", directory_ + "/ready"};
  }
  ~RunDirectory() override { std::filesystem::remove_all(directory_); }

  static std::string Text(const std::string& path) { return ReadFile(path).value_or("(none)"); }
  static mode_t ModeOf(const std::string& path) {
    struct stat facts {};
    return ::lstat(path.c_str(), &facts) == 0 ? facts.st_mode & 07777 : 0;
  }
  std::size_t Files() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(directory_), {}));
  }

  std::string directory_;
  Instance::Paths paths_;
};

using InstanceTest = RunDirectory;
using ListenSocketTest = RunDirectory;

TEST_F(InstanceTest, FilesComeAndGo) {
  {
    auto instance = Instance::Begin(paths_);
    ASSERT_TRUE(instance) << instance.error().message;
    EXPECT_EQ(Text(paths_.pid), fmt::format("{}\n", ::getpid()));
    EXPECT_FALSE(Look(paths_.ready));
    ASSERT_TRUE(instance->WriteReadyFile());
    EXPECT_EQ(Text(paths_.ready), "ready\n");
    EXPECT_EQ(ModeOf(paths_.pid), 0644U);
    EXPECT_EQ(ModeOf(paths_.ready), 0644U);
    instance->RemoveReadyFile();
    EXPECT_FALSE(Look(paths_.ready));
    EXPECT_TRUE(Look(paths_.pid));
    ASSERT_TRUE(instance->WriteReadyFile());
  }
  EXPECT_FALSE(Look(paths_.ready));
  EXPECT_FALSE(Look(paths_.pid));
  EXPECT_EQ(Files(), 1U) << "only the lock file stays";
}

TEST_F(InstanceTest, SecondOneTouchesNothing) {
  auto first = Instance::Begin(paths_);
  ASSERT_TRUE(first);
  ASSERT_TRUE(first->WriteReadyFile());
  const auto second = Instance::Begin(paths_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::Busy);
  EXPECT_NE(second.error().message.find("another iiab-cmdsrv"), std::string::npos);
  EXPECT_TRUE(Look(paths_.ready));
  EXPECT_TRUE(Look(paths_.pid));
}

TEST_F(InstanceTest, ADeletedLockLetsNoSecondOneTouchTheJobs) {
  paths_.jobs_lock = directory_ + "/jobs-lock";
  auto first = Instance::Begin(paths_);
  ASSERT_TRUE(first);
  ASSERT_TRUE(first->WriteReadyFile());
  ASSERT_EQ(::unlink(paths_.lock.c_str()), 0);
  const auto second = Instance::Begin(paths_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::Busy);
  EXPECT_NE(second.error().message.find(paths_.jobs_lock), std::string::npos) << second.error().message;
  EXPECT_TRUE(Look(paths_.ready));
}

TEST_F(InstanceTest, WithoutAPlaceForTheSecondLockItStarts) {
  paths_.jobs_lock = directory_ + "/missing/lock";
  EXPECT_TRUE(Instance::Begin(paths_));
}

TEST_F(InstanceTest, TheLastChildOfAKilledServerIsWaitedFor) {
  // It has the server's descriptors until it has become another program, which can take its time.
  auto lock = FileLock::Take(paths_.lock);
  ASSERT_TRUE(lock);
  const pid_t child = ::fork();
  if (child == 0) {
    ::poll(nullptr, 0, 300);
    ::_exit(0);
  }
  lock = Fail(ErrorCode::NotFound, "closed here, and open in the child");
  std::ofstream(paths_.pid) << "2147483646\n";
  const auto instance = Instance::Begin(paths_);
  EXPECT_TRUE(instance) << instance.error().message;
  ::waitpid(child, nullptr, 0);
}

TEST_F(InstanceTest, WhatAKilledServerLeftIsReplaced) {
  std::ofstream(paths_.pid) << "1\n";
  std::ofstream(paths_.ready) << "ready\n";
  ::chmod(paths_.pid.c_str(), 0600);
  const auto instance = Instance::Begin(paths_);
  ASSERT_TRUE(instance);
  EXPECT_EQ(Text(paths_.pid), fmt::format("{}\n", ::getpid()));
  EXPECT_EQ(ModeOf(paths_.pid), 0644U);
  EXPECT_FALSE(Look(paths_.ready));
}

TEST_F(InstanceTest, LinksAreNotFollowed) {
  const std::string victim = directory_ + "/victim";
  std::ofstream(victim) << "precious";
  ASSERT_EQ(::symlink(victim.c_str(), paths_.pid.c_str()), 0);
  ASSERT_EQ(::symlink(victim.c_str(), paths_.ready.c_str()), 0);
  auto instance = Instance::Begin(paths_);
  ASSERT_TRUE(instance);
  ASSERT_EQ(::symlink(victim.c_str(), paths_.ready.c_str()), 0);
  ASSERT_TRUE(instance->WriteReadyFile());
  EXPECT_EQ(Text(victim), "precious");
  EXPECT_EQ(Text(paths_.ready), "ready\n");

  Instance::Paths others = paths_;
  others.lock = directory_ + "/linked-lock";
  ASSERT_EQ(::symlink(victim.c_str(), others.lock.c_str()), 0);
  EXPECT_FALSE(Instance::Begin(others));
}

TEST_F(InstanceTest, FailureNamesThePath) {
  paths_.pid = directory_ + "/missing/pid";
  const auto instance = Instance::Begin(paths_);
  ASSERT_FALSE(instance);
  EXPECT_NE(instance.error().message.find(paths_.pid), std::string::npos) << instance.error().message;
  paths_.pid = directory_ + "/pid";
  EXPECT_TRUE(Instance::Begin(paths_)) << "the lock of the failed one is free again";
}

bool CanConnect(const std::string& path) {
  const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, path.c_str());
  return ::connect(fd.Get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

TEST_F(ListenSocketTest, IsForOwnerAndGroupWhateverTheUmask) {
  const std::string path = directory_ + "/socket";
  const mode_t before = ::umask(0);
  const auto socket = ListenAt(path, SocketOwner{::geteuid(), ::getegid()});
  ::umask(before);
  ASSERT_TRUE(socket) << socket.error().message;
  EXPECT_EQ(ModeOf(path), 0770U);
  EXPECT_TRUE(CanConnect(path));
}

TEST_F(ListenSocketTest, ReplacesStaleSocketsAndLinks) {
  const std::string path = directory_ + "/socket";
  { ASSERT_TRUE(ListenAt(path, std::nullopt)); }
  EXPECT_FALSE(CanConnect(path));
  EXPECT_TRUE(ListenAt(path, std::nullopt));
  ::unlink(path.c_str());
  const std::string victim = directory_ + "/victim";
  std::ofstream(victim) << "precious";
  ::chmod(victim.c_str(), 0600);
  ASSERT_EQ(::symlink(victim.c_str(), path.c_str()), 0);
  const auto socket = ListenAt(path, std::nullopt);
  ASSERT_TRUE(socket);
  EXPECT_TRUE(CanConnect(path));
  EXPECT_EQ(Text(victim), "precious");
  EXPECT_EQ(ModeOf(victim), 0600U);
}

TEST_F(ListenSocketTest, FailuresNameThePath) {
  const auto said = [](const std::string& path, const std::optional<SocketOwner>& owner = {}) {
    return ListenAt(path, owner).error().message;
  };
  const std::string nowhere = directory_ + "/missing/socket";
  EXPECT_EQ(said(nowhere), fmt::format("cannot bind the socket {}: {}", nowhere, Reason(ENOENT)));
  const std::string too_long = "/tmp/" + std::string(110, 'x');
  EXPECT_EQ(said(too_long), "the path of the socket has 115 bytes, but at most 107 are possible: " + too_long);
  const std::string in_the_way = directory_ + "/directory";
  std::filesystem::create_directory(in_the_way);
  EXPECT_EQ(said(in_the_way), fmt::format("cannot remove the old socket {}: {}", in_the_way, Reason(EISDIR)));
  if (::geteuid() != 0) return;
  const std::string given = directory_ + "/given";
  ASSERT_EQ(::chown(directory_.c_str(), 65534, 65534), 0);
  ASSERT_EQ(::seteuid(65534), 0);
  const std::string refused = said(given, SocketOwner{0, 0});
  ASSERT_EQ(::seteuid(0), 0);
  EXPECT_EQ(refused, fmt::format("cannot give the socket {} to uid 0: {}", given, Reason(EPERM)));
}

TEST(Owner, MustExist) {
  const auto root = FindOwner("root");
  ASSERT_TRUE(root);
  EXPECT_EQ(root->uid, 0U);
  EXPECT_EQ(FindOwner("no-such-account").error().message,
            "there is no user \"no-such-account\" to own the socket; set apache_user in cmdsrv.conf");
  if (::getgrnam("nobody") != nullptr) return;  // Debian calls the group nogroup
  EXPECT_EQ(FindOwner("nobody").error().message,
            "there is no group \"nobody\" to own the socket; set apache_user in cmdsrv.conf");
}

}  // namespace
}  // namespace cmdsrv
