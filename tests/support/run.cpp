#include "support/run.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "platform/unique_fd.hpp"
#include "support/daemon.hpp"

extern char** environ;

namespace cmdsrv::test {
namespace {

using std::chrono::steady_clock;

/// Reads until the end of the pipe; false at the deadline.
bool ReadAll(int pipe_end, std::string& output, steady_clock::time_point end) {
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(end - steady_clock::now()).count();
    pollfd wait = {pipe_end, POLLIN, 0};
    if (left <= 0 || ::poll(&wait, 1, static_cast<int>(left)) == 0) return false;
    std::array<char, 16384> piece{};
    const ssize_t got = ::read(pipe_end, piece.data(), piece.size());
    if (got == 0) return true;
    if (got > 0) output.append(piece.data(), static_cast<std::size_t>(got));
  }
}

pid_t Spawn(const std::vector<std::string>& arguments, int output) {
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, output, 1);
  ::posix_spawn_file_actions_adddup2(&actions, output, 2);
  pid_t pid = 0;
  const int failed = ::posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  return failed == 0 ? pid : -1;
}

}  // namespace

RunEnd RunTool(const std::vector<std::string>& arguments, milliseconds deadline) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return {};
  const UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  RunEnd end;
  const pid_t pid = Spawn(arguments, write_end.Get());
  write_end.Reset();
  if (pid < 0) {
    end.output = "cannot start " + arguments[0];
    return end;
  }
  const bool finished = ReadAll(read_end.Get(), end.output, steady_clock::now() + Patiently(deadline));
  if (!finished) ::kill(pid, SIGKILL);
  int status = 0;
  ::waitpid(pid, &status, 0);
  if (finished) end.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return end;
}

std::vector<std::string> FailingCall(const std::string& call, int error, const std::string& path) {
  std::vector<std::string> entries{"LD_PRELOAD=" + BuiltProgram("tests/failing-call.so"), "FAILING_CALL=" + call,
                                   fmt::format("FAILING_ERRNO={}", error)};
  if (!path.empty()) entries.push_back("FAILING_PATH=" + path);
  return entries;
}

}  // namespace cmdsrv::test
