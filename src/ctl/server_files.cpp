#include "ctl/server_files.hpp"

#include <unistd.h>

#include <fstream>

#include "base/text.hpp"

namespace cmdsrv::ctl {
namespace {

bool Exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

}  // namespace

ServerFiles FindServerFiles(const Options& options) {
  std::string root = options.root;
  while (root.ends_with('/')) root.pop_back();
  constexpr std::string_view kScheme = "ipc://";  // people copy the endpoint from the documents
  std::string_view socket = options.socket;
  if (socket.starts_with(kScheme)) socket.remove_prefix(kScheme.size());
  return {.pid = root + "/run/iiab-cmdsrv.pid",
          .ready = root + "/run/iiab-cmdsrv-ready",
          .socket = socket.empty() ? root + "/run/cmdsrv_sock" : std::string(socket)};
}

Presence LookForServer(const Options& options, const ServerFiles& files) {
  if (!options.socket.empty() && options.root.empty()) return Presence::Ready;
  if (!Exists(files.pid)) return Presence::NotRunning;
  return Exists(files.ready) ? Presence::Ready : Presence::NotReady;
}

std::string_view Sentence(Presence presence) {
  switch (presence) {
    case Presence::NotRunning: return "iiab-cmdsrv is not running. Perhaps has not started yet.";
    case Presence::NotReady: return "iiab-cmdsrv is running, but is not yet ready to accept commands.";
    case Presence::Ready: return "";
  }
  return "";
}

long long ReadPid(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return ToInteger(Trim(line)).value_or(0);
}

std::string ProgramForHints(const Options& options) {
  std::vector<std::string> words = {"iiab-cmdsrv-ctl"};
  if (!options.root.empty()) words.insert(words.end(), {"--root", options.root});
  if (!options.socket.empty()) words.insert(words.end(), {"--socket", options.socket});
  return QuoteForDisplay(words);
}

}  // namespace cmdsrv::ctl
