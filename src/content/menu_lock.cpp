#include "content/menu_lock.hpp"

namespace cmdsrv {
namespace {

/// The names of the locks are those of the old tool.
Result<FileLock> Take(const Settings& settings, const char* name, std::chrono::milliseconds wait) {
  const std::string locks = settings.run_lock_dir + "iiab-menus/";
  return MakeDirectories(locks).and_then(
      [&] { return FileLock::Take(locks + name, static_cast<std::uint32_t>(wait.count())); });
}

}  // namespace

Result<FileLock> TakeMenuLock(const Settings& settings, std::chrono::seconds wait) {
  return Take(settings, "update-menus-run.LCK", wait);
}

Result<FileLock> TakeMenuQueue(const Settings& settings) {
  return Take(settings, "update-menus-wait.LCK", std::chrono::milliseconds{0});
}

}  // namespace cmdsrv
