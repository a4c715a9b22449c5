#include "ctl/message.hpp"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>

#include "base/text.hpp"
#include "protocol/command.hpp"

namespace cmdsrv::ctl {
namespace {

Result<std::string> ReadAll(int fd, const std::string& name) {
  std::string text;
  std::array<char, 16384> piece;
  for (;;) {
    const ssize_t got = read(fd, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FailFromErrno(errno, "read " + name);
    if (got == 0) return std::string(Trim(text));
    text.append(piece.data(), static_cast<std::size_t>(got));
    if (text.size() > kMaxCommandBytes) {
      return Fail(ErrorCode::Malformed, "cannot send {}: it is longer than {} bytes", name, kMaxCommandBytes);
    }
  }
}

Result<std::string> ReadFile(const std::string& name) {
  if (name == "-") return ReadAll(STDIN_FILENO, "standard input");
  const int fd = open(name.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return FailFromErrno(errno, "open " + name);
  auto text = ReadAll(fd, name);
  close(fd);
  return text;
}

}  // namespace

Result<std::string> MakeMessage(const Options& options) {
  std::vector<std::string> words = options.words;
  if (!options.file.empty()) {
    auto text = ReadFile(options.file);
    if (!text) return text;
    if (!text->empty()) words.push_back(std::move(*text));
  }
  if (words.empty() || words.size() > 2) {
    return Fail(ErrorCode::Refused, "usage: cmdsrv-ctl \"<command>\" \"<optional json argument>\"");
  }
  return words.size() == 1 ? words[0] : words[0] + " " + words[1];
}

}  // namespace cmdsrv::ctl
