#include "platform/proc_stat.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <memory>
#include <string_view>

#include <fmt/format.h>

#include "base/text.hpp"
#include "platform/unique_fd.hpp"

namespace cmdsrv {
namespace {

template <class Number>
bool ToNumber(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

std::optional<ProcStat> ReadProcStat(pid_t pid) {
  const UniqueFd file(::open(fmt::format("/proc/{}/stat", pid).c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return std::nullopt;
  char buffer[1024];
  const ssize_t size = ::read(file.Get(), buffer, sizeof buffer);
  if (size <= 0) return std::nullopt;  // it ended between open and read
  const std::string_view text(buffer, static_cast<std::size_t>(size));
  const auto name_end = text.rfind(')');  // the name may hold anything, also blanks and brackets
  if (name_end == std::string_view::npos || name_end + 2 >= text.size()) return std::nullopt;
  const auto fields = Split(Trim(text.substr(name_end + 2)), ' ');  // fields[0] is field 3 of proc(5)
  ProcStat stat;
  stat.pid = pid;
  if (fields.size() < 21 || fields[0].size() != 1) return std::nullopt;
  stat.state = fields[0][0];
  const bool good = ToNumber(fields[1], stat.parent) && ToNumber(fields[2], stat.group) &&
                    ToNumber(fields[3], stat.session) && ToNumber(fields[19], stat.start_ticks) &&
                    ToNumber(fields[20], stat.memory);
  return good ? std::optional(stat) : std::nullopt;
}

std::vector<pid_t> AllPids() {
  std::vector<pid_t> pids;
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir("/proc"), ::closedir);
  if (!directory) return pids;
  while (const dirent* entry = ::readdir(directory.get())) {
    pid_t pid = 0;
    if (ToNumber(std::string_view(entry->d_name), pid)) pids.push_back(pid);
  }
  return pids;
}

}  // namespace cmdsrv
