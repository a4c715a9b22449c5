#include "steps/kiwix_lock.hpp"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>

#include "base/json.hpp"
#include "platform/process.hpp"
#include "steps/say.hpp"

namespace cmdsrv {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Steady = std::chrono::steady_clock;

constexpr seconds kDeadAfter{600};

std::string LockPath(const std::string& directory) { return directory + "make-kiwix-lib.lockdir"; }
std::string NotePath(const std::string& directory) { return directory + "make-kiwix-lib.owner"; }

/// Written before the lock directory gets its name. The inode and the time make it say whose *this* directory is.
Result<void> WriteNote(const std::string& directory, const FileFacts& made) {
  const auto self = Identify(::getpid());
  if (!self)
    return Fail(ErrorCode::Internal,
                "cannot find this process in /proc; mount /proc, or close files if none can be opened");
  return WriteFileAtomically(NotePath(directory), PrintJson(json::object{{"boot_id", self->boot_id},
                                                                         {"pid", self->pid},
                                                                         {"start_ticks", self->start_ticks},
                                                                         {"inode", made.inode},
                                                                         {"mtime_ns", made.mtime_ns}}));
}

/// The lock directory was made by a process of ours that is gone.
bool IsLeftByUs(const std::string& directory, const FileFacts& lock) {
  const auto text = ReadFile(NotePath(directory), 4096);
  const auto note = text ? ParseJson(*text) : Failure(text.error());
  if (!note || !note->is_object()) return false;
  const auto number = [&](const char* key) {
    const json::value* value = note->get_object().if_contains(key);
    return value != nullptr && value->is_int64() ? value->get_int64() : -1;
  };
  if (number("inode") != static_cast<std::int64_t>(lock.inode) || number("mtime_ns") != lock.mtime_ns) return false;
  return !IsAlive({std::string(TextMember(note->get_object(), "boot_id")), static_cast<pid_t>(number("pid")),
                   static_cast<std::uint64_t>(number("start_ticks"))});
}

bool IsOld(const FileFacts& lock) {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec - lock.mtime_ns / 1'000'000'000 > kDeadAfter.count();
}

/// Made under another name and then renamed: the note is there before anybody sees the lock. False: somebody has it.
Result<bool> TryToMake(const std::string& directory) {
  const std::string ours = LockPath(directory) + ".new";  // we hold the file lock: nobody else uses this name
  if (::mkdir(ours.c_str(), 0755) != 0 && errno != EEXIST) return FailFromErrno(errno, "make " + ours);
  const auto made = Look(ours);
  if (!made) return Fail(ErrorCode::Io, "cannot look at {}", ours);
  if (auto noted = WriteNote(directory, *made); !noted) return Failure(noted.error());
  if (::renameat2(AT_FDCWD, ours.c_str(), AT_FDCWD, LockPath(directory).c_str(), RENAME_NOREPLACE) == 0) return true;
  const int error_number = errno;
  ::rmdir(ours.c_str());
  if (error_number == EEXIST) return false;
  return FailFromErrno(error_number, "make " + LockPath(directory));
}

/// Until something in the directory goes away, or `time` is over.
void WaitForChange(int inotify, milliseconds time) {
  pollfd wait{inotify, POLLIN, 0};
  if (::poll(&wait, 1, static_cast<int>(time.count())) > 0) {
    char events[4096];
    [[maybe_unused]] const ssize_t got = ::read(inotify, events, sizeof events);
  }
}

}  // namespace

Result<KiwixLibraryLock> KiwixLibraryLock::Take(const std::string& directory, seconds wait) {
  const auto end = Steady::now() + wait;
  if (auto made = MakeDirectories(directory); !made) return Failure(made.error());
  auto lock = FileLock::Take(directory + "make-kiwix-lib.lck", static_cast<std::uint32_t>(milliseconds(wait).count()));
  if (!lock) return Failure(lock.error());
  const UniqueFd inotify(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  ::inotify_add_watch(inotify.Get(), directory.c_str(), IN_DELETE | IN_MOVED_FROM | IN_ONLYDIR);
  bool said = false;
  for (;;) {
    const auto there = Look(LockPath(directory));
    if (there && (IsLeftByUs(directory, *there) || IsOld(*there))) {
      if (::rmdir(LockPath(directory).c_str()) != 0 && errno != ENOENT)
        return FailFromErrno(errno, "remove the dead lock " + LockPath(directory));
    }
    const auto made = TryToMake(directory);
    if (!made) return Failure(made.error());
    if (*made) return KiwixLibraryLock(*std::move(lock), directory);
    const auto left = std::chrono::ceil<milliseconds>(end - Steady::now());
    if (left.count() <= 0)
      return Fail(ErrorCode::Busy, "another program is indexing the ZIMs ({} exists)", LockPath(directory));
    if (!said) Say("waiting for another program that is indexing the ZIMs");
    said = true;
    // At least once a minute: a lock that is nobody's gets old without any event.
    WaitForChange(inotify.Get(), std::min<milliseconds>(left, seconds(60)));
  }
}

KiwixLibraryLock::~KiwixLibraryLock() {
  if (directory_.empty()) return;
  ::rmdir(LockPath(directory_).c_str());
  (void)RemoveFile(NotePath(directory_));
}

}  // namespace cmdsrv
