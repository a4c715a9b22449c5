#include "support/processes.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/text.hpp"
#include "support/files.hpp"

namespace cmdsrv::test {
namespace {

pid_t ParentOf(const std::string& stat) {
  const std::size_t end = stat.rfind(')');  // the name before it may contain anything
  if (end == std::string::npos) return 0;
  const auto fields = Split(std::string_view(stat).substr(end + 1), ' ');
  return fields.size() > 2 ? static_cast<pid_t>(ToInteger(fields[2]).value_or(0)) : 0;
}

bool DescendsFromUs(pid_t pid) {
  for (int depth = 0; pid > 1 && depth < 100; ++depth) {
    const auto stat = ReadText(fmt::format("/proc/{}/stat", pid));
    if (!stat) return false;
    pid = ParentOf(*stat);
    if (pid == ::getpid()) return true;
  }
  return false;
}

std::string OrEmpty(const Result<std::string>& text) { return text ? *text : std::string(); }

}  // namespace

std::vector<ProcessFacts> ProcessesAbout(const std::string& text) {
  std::vector<ProcessFacts> found;
  for (const std::string& name : NamesIn("/proc")) {
    const auto pid = ToInteger(name);
    if (!pid || *pid == ::getpid()) continue;
    const std::string directory = "/proc/" + name;
    std::string command = OrEmpty(ReadText(directory + "/cmdline"));
    std::error_code error;
    const std::string place = std::filesystem::read_symlink(directory + "/cwd", error);
    const std::string environment = OrEmpty(ReadText(directory + "/environ"));
    if (command.empty()) continue;
    const bool about = command.find(text) != std::string::npos || place.find(text) != std::string::npos ||
                       environment.find("CMDSRV_ROOT=" + text) != std::string::npos;
    if (!about) continue;
    std::ranges::replace(command, '\0', ' ');
    const auto number = static_cast<pid_t>(*pid);
    const pid_t parent = ParentOf(OrEmpty(ReadText(directory + "/stat")));
    found.push_back({number, parent, DescendsFromUs(number), command});
  }
  return found;
}

std::string Describe(const std::vector<ProcessFacts>& processes) {
  std::string text;
  for (const auto& process : processes) {
    text += fmt::format("  pid {} (parent {}): {}\n", process.pid, process.parent, process.command);
  }
  return text;
}

void KillAll(const std::vector<ProcessFacts>& processes) {
  for (const auto& process : processes) ::kill(process.pid, SIGKILL);
}

}  // namespace cmdsrv::test
