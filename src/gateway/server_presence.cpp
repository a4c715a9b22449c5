#include "gateway/server_presence.hpp"

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>

#include "base/text.hpp"
#include "gateway/reply_envelope.hpp"

namespace cmdsrv::gateway {

std::string_view ServerPresence::Trouble() const {
  if (access(pid_file_.c_str(), F_OK) != 0) return kNotRunning;
  if (access(ready_file_.c_str(), F_OK) != 0) return kNotReady;
  return "";
}

bool ServerPresence::IsRunning() const {
  if (!Trouble().empty()) return false;
  std::ifstream file(pid_file_);
  std::string line;
  std::getline(file, line);
  const auto pid = ToInteger(Trim(line));
  if (!pid || *pid < 0 || *pid > 0x7fff'ffff) return false;
  // The server belongs to root, so not being allowed to signal it says that it is there.
  return *pid == 0 || kill(static_cast<pid_t>(*pid), 0) == 0 || errno == EPERM;
}

}  // namespace cmdsrv::gateway
