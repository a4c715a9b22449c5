#include "ctl/screen.hpp"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <iostream>
#include <string>

namespace cmdsrv::ctl {
namespace {

/// 0, or the errno of the write that failed.
int WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

std::string last_words;  // NOLINT: a signal handler reaches globals only; written before the handler is set

void OnInterrupt(int signal_number) {
  WriteAll(STDERR_FILENO, last_words);
  raise(signal_number);  // SA_RESETHAND: this time it ends the process, and the shell sees why
}

bool HasText(const char* variable) { return variable != nullptr && *variable != '\0'; }

}  // namespace

StandardScreen::StandardScreen() {
  const char* const term = getenv("TERM");
  terminal_ = isatty(STDOUT_FILENO) == 1;
  redraws_ = terminal_ && HasText(term) && std::string_view(term) != "dumb";
  colors_ = redraws_ && !HasText(getenv("NO_COLOR"));
  can_ask_ = terminal_ && isatty(STDIN_FILENO) == 1;
}

void StandardScreen::Out(std::string_view text) {
  const int error = WriteAll(STDOUT_FILENO, text);
  if (error != 0 && first_error_ == 0) first_error_ = error;
}

void StandardScreen::Error(std::string_view text) { WriteAll(STDERR_FILENO, text); }

Screen::Size StandardScreen::GetSize() const {
  winsize size{};
  if (!terminal_ || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return {};
  return {.columns = size.ws_col, .rows = size.ws_row};
}

bool StandardScreen::AskYes(std::string_view question) {
  if (!can_ask_) return false;
  Out(question);
  std::string line;
  return static_cast<bool>(std::getline(std::cin, line)) && line.empty();
}

void StandardScreen::SayOnInterrupt(std::string_view text) {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  sigaction(SIGINT, &action, nullptr);  // while the words change
  last_words = text;
  action.sa_handler = OnInterrupt;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  if (!last_words.empty()) sigaction(SIGINT, &action, nullptr);
}

}  // namespace cmdsrv::ctl
