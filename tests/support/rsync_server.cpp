#include "support/rsync_server.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "platform/unique_fd.hpp"
#include "support/files.hpp"
#include "support/wait.hpp"

namespace cmdsrv::test {
namespace {

sockaddr_in Loopback(unsigned port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

bool Answers(unsigned port) {
  const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = Loopback(port);
  return ::connect(socket.Get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

}  // namespace

unsigned FreePort() {
  const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof address;
  if (::bind(socket.Get(), reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      ::getsockname(socket.Get(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
    ThrowError({ErrorCode::Io, "cannot find a free port"});
  return ntohs(address.sin_port);
}

RsyncServer::RsyncServer(std::string directory, unsigned port) : port_(port) {
  std::string name = "/tmp/rsyncd-XXXXXX";
  const int file = ::mkstemp(name.data());
  if (file < 0) ThrowError({ErrorCode::Io, "cannot make " + name});
  ::close(file);
  config_ = name;
  OrThrow(WriteText(config_, fmt::format("use chroot = no\n[modules]\npath = {}\nread only = yes\nuid = {}\ngid = {}\n",
                                         directory, ::geteuid(), ::getegid())));
  // Somebody may take a free port before us: then another one.
  for (int tries = 0; pid_ == 0 && tries < 10; ++tries) Start();
  if (pid_ == 0) ThrowError({ErrorCode::Io, "cannot start an rsync daemon"});
}

void RsyncServer::Start() {
  const unsigned port = port_ != 0 ? port_ : FreePort();
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const std::string port_option = fmt::format("--port={}", port);
    const std::string config_option = "--config=" + config_;
    // Its standard input must be no socket: rsync would take it for a connection.
    const int null = ::open("/dev/null", O_RDWR);
    for (const int descriptor : {0, 1, 2}) ::dup2(null, descriptor);
    ::execlp("rsync", "rsync", "--daemon", "--no-detach", "--address=127.0.0.1", port_option.c_str(),
             config_option.c_str(), nullptr);
    ::_exit(127);
  }
  int status = 0;
  bool ended = false;
  WaitUntil([&] { return (ended = ::waitpid(pid, &status, WNOHANG) == pid) || Answers(port); }, seconds(30));
  if (ended) return;
  pid_ = pid;
  port_ = port;
}

RsyncServer::~RsyncServer() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  std::error_code error;
  std::filesystem::remove(config_, error);
}

std::string RsyncServer::Url(const std::string& module) const {
  return fmt::format("rsync://127.0.0.1:{}/modules/{}", port_, module);
}

}  // namespace cmdsrv::test
