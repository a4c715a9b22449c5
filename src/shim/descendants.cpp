#include "shim/descendants.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>

namespace cmdsrv::shim {
namespace {

struct Process {
  pid_t pid;
  pid_t parent;
  pid_t group;
  std::uint64_t start_ticks;  ///< with the pid it names the process for ever
};

/// What getdents64 fills in.
struct DirectoryEntry {
  std::uint64_t inode;
  std::int64_t offset;
  std::uint16_t length;
  std::uint8_t type;
  char name[1];
};

// More descendants than this are dealt with in several rounds: who has died makes room for the next.
constexpr int kMost = 4096;
constexpr int kMostPasses = 16;
Process g_found[kMost];
int g_count = 0;

/// Reads blank-separated fields; the numbers of /proc/<pid>/stat.
std::uint64_t NextNumber(const char*& text) {
  while (*text == ' ') ++text;
  if (*text == '-') ++text;  // no field that is used here is ever negative
  std::uint64_t value = 0;
  for (; *text >= '0' && *text <= '9'; ++text) value = value * 10 + static_cast<std::uint64_t>(*text - '0');
  return value;
}

bool ReadProcess(int proc, const char* pid_text, Process& process) {
  char path[32];
  if (std::strlen(pid_text) > 20) return false;
  stpcpy(stpcpy(path, pid_text), "/stat");
  const int file = openat(proc, path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  char text[1024];
  const ssize_t size = read(file, text, sizeof text - 1);
  close(file);
  if (size <= 0) return false;
  text[size] = '\0';
  const char* field = std::strrchr(text, ')');  // the name before it may hold anything, also blanks and brackets
  if (field == nullptr || field[1] != ' ' || field[2] == '\0') return false;
  field += 3;  // behind the state letter
  process.parent = static_cast<pid_t>(NextNumber(field));
  process.group = static_cast<pid_t>(NextNumber(field));
  for (int skipped = 6; skipped < 22; ++skipped) NextNumber(field);
  process.start_ticks = NextNumber(field);
  const char* digits = pid_text;
  process.pid = static_cast<pid_t>(NextNumber(digits));
  return true;
}

bool IsFound(pid_t pid) {
  for (int i = 0; i < g_count; ++i) {
    if (g_found[i].pid == pid) return true;
  }
  return false;
}

/// Through a pidfd, and only if the pid still means the same process: its own parent may have reaped it meanwhile.
void SignalOne(int proc, const Process& process, int signal) {
  const int handle = static_cast<int>(syscall(SYS_pidfd_open, process.pid, 0));
  if (handle < 0) return;
  char name[24];
  char* digit = name + sizeof name - 1;
  *digit = '\0';
  for (pid_t rest = process.pid; rest > 0; rest /= 10) *--digit = static_cast<char>('0' + rest % 10);
  Process now{};
  if (ReadProcess(proc, digit, now) && now.start_ticks == process.start_ticks) {
    syscall(SYS_pidfd_send_signal, handle, signal, nullptr, 0);
    if (signal != SIGKILL) syscall(SYS_pidfd_send_signal, handle, SIGCONT, nullptr, 0);  // a stopped one must hear it
  }
  close(handle);
}

/// One pass over /proc; true when a new descendant was found. It is signalled at once, so that one that forks without
/// end stops before the pass does.
bool Pass(int proc, pid_t self, int signal, pid_t except_group) {
  alignas(DirectoryEntry) static char entries[8192];
  const int before = g_count;
  lseek(proc, 0, SEEK_SET);
  for (;;) {
    const long size = syscall(SYS_getdents64, proc, entries, sizeof entries);
    if (size <= 0) break;
    for (long at = 0; at < size && g_count < kMost;) {
      const auto* entry = reinterpret_cast<const DirectoryEntry*>(entries + at);
      at += entry->length;
      if (entry->name[0] < '1' || entry->name[0] > '9') continue;
      Process process{};
      if (!ReadProcess(proc, entry->name, process) || IsFound(process.pid)) continue;
      if (process.parent != self && !IsFound(process.parent)) continue;
      g_found[g_count++] = process;
      if (except_group == 0 || process.group != except_group) SignalOne(proc, process, signal);
    }
  }
  return g_count > before && g_count < kMost;
}

}  // namespace

void SignalDescendants(int signal, pid_t except_group) {
  const int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (proc < 0) return;
  g_count = 0;
  // A child can have a smaller pid than its parent, so one pass is not enough; one that ignores the signal and goes on
  // forking must not keep us here either.
  for (int passes = 0; passes < kMostPasses && Pass(proc, getpid(), signal, except_group); ++passes) {
  }
  close(proc);
}

}  // namespace cmdsrv::shim
