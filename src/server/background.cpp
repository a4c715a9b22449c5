#include "server/background.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>

#include "platform/spawn.hpp"

namespace cmdsrv {
namespace {

constexpr char kReadyByte = '\0';

/// The part of the calling program: wait for what the server says of its start.
[[noreturn]] void WaitForReport(int pipe, pid_t child) {
  std::string said;
  char piece[512];
  for (;;) {
    const ssize_t size = ::read(pipe, piece, sizeof piece);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) break;
    said.append(piece, static_cast<std::size_t>(size));
  }
  (void)::waitpid(child, nullptr, 0);
  if (said == std::string(1, kReadyByte)) ::_exit(0);
  if (said.empty()) said = "the server ended before it was ready; its log says why";
  (void)std::fprintf(stderr, "iiab-cmdsrv: %s\n", said.c_str());
  ::_exit(1);
}

void LetGoOfTerminal() {
  const int nothing = ::open("/dev/null", O_RDWR);
  for (int fd = 0; fd <= 2; ++fd) (void)::dup2(nothing, fd);
  if (nothing > 2) (void)::close(nothing);
}

}  // namespace

void StartReport::Ready() {
  if (pipe_) (void)!::write(pipe_.Get(), &kReadyByte, 1);
  pipe_.Reset();
}

void StartReport::Failed(std::string_view message) {
  if (pipe_) (void)!::write(pipe_.Get(), message.data(), message.size());
  pipe_.Reset();
}

Result<StartReport> GoToBackground() {
  (void)std::fflush(nullptr);
  (void)::close_range(3, ~0U, 0);
  auto pipe = MakePipe();
  if (!pipe) return Failure(pipe.error());
  UniqueFd reading = std::move(pipe->read);
  UniqueFd writing = std::move(pipe->write);
  const pid_t child = ::fork();
  if (child < 0) return FailFromErrno(errno, "go to the background");
  if (child > 0) {
    writing.Reset();
    WaitForReport(reading.Get(), child);
  }
  reading.Reset();
  (void)::setsid();
  // The second fork: without the lead of the session no terminal can become ours again.
  const pid_t grandchild = ::fork();
  if (grandchild < 0) return FailFromErrno(errno, "go to the background");
  if (grandchild > 0) ::_exit(0);
  LetGoOfTerminal();
  return StartReport(std::move(writing));
}

}  // namespace cmdsrv
