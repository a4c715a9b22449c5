#include "support/mounts.hpp"

#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "support/files.hpp"

namespace cmdsrv::test {
namespace {

void WriteProc(const char* path, const std::string& text) { std::ofstream(path) << text; }

/// Without rights of root: as the same user in a user namespace that owns its mounts.
bool UnshareAsUser() {
  const auto uid = ::getuid();
  const auto gid = ::getgid();
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
  WriteProc("/proc/self/setgroups", "deny");
  WriteProc("/proc/self/uid_map", fmt::format("{0} {0} 1", uid));
  WriteProc("/proc/self/gid_map", fmt::format("{0} {0} 1", gid));
  return true;
}

}  // namespace

bool EnterMountNamespace() {
  if (::unshare(CLONE_NEWNS) != 0 && !UnshareAsUser()) return false;
  return ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

bool PassOnRightToMount() {
  if (::geteuid() == 0) return true;
  __user_cap_header_struct head{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3]{};
  if (::syscall(SYS_capget, &head, sets) != 0) return false;
  sets[CAP_TO_INDEX(CAP_SYS_ADMIN)].inheritable |= CAP_TO_MASK(CAP_SYS_ADMIN);
  return ::syscall(SYS_capset, &head, sets) == 0 &&
         ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SYS_ADMIN, 0, 0) == 0;
}

bool MountSmall(const std::string& directory, unsigned kibibytes) {
  const std::string aside = directory + ".aside";
  std::filesystem::copy(directory, aside, std::filesystem::copy_options::recursive);
  const bool mounted = ::mount("none", directory.c_str(), "tmpfs", 0, fmt::format("size={}k", kibibytes).c_str()) == 0;
  if (mounted) std::filesystem::copy(aside, directory, std::filesystem::copy_options::recursive);
  std::filesystem::remove_all(aside);
  return mounted;
}

bool MountReadOnly(const std::string& directory, bool read_only) {
  const unsigned long flags = MS_BIND | MS_REMOUNT | (read_only ? static_cast<unsigned long>(MS_RDONLY) : 0UL);
  if (::mount(nullptr, directory.c_str(), nullptr, flags, nullptr) == 0) return true;
  return ::mount(directory.c_str(), directory.c_str(), nullptr, MS_BIND, nullptr) == 0 &&
         ::mount(nullptr, directory.c_str(), nullptr, flags, nullptr) == 0;
}

void Unmount(const std::string& directory) { ::umount2(directory.c_str(), MNT_DETACH); }

}  // namespace cmdsrv::test
