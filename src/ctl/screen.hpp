#pragma once

#include <cstddef>
#include <string_view>

namespace cmdsrv::ctl {

/// Where output goes. One thread.
class Screen {
 public:
  struct Size {
    std::size_t columns = 80;
    std::size_t rows = 24;
  };

  virtual ~Screen() = default;
  virtual void Out(std::string_view text) = 0;       ///< standard output, as it is
  virtual void Error(std::string_view text) = 0;     ///< standard error, as it is
  virtual bool IsTerminal() const { return false; }  ///< of standard output: texts from the server must be clean
  virtual bool Redraws() const { return false; }     ///< a terminal that can move its cursor up
  virtual bool Colors() const { return false; }
  virtual Size GetSize() const { return {}; }  ///< asked anew each time: windows are resized

  /// Puts a question to the person at the terminal; ENTER alone means yes. False at once when nobody sits there.
  virtual bool AskYes(std::string_view) { return false; }
  /// The last words on standard error when Ctrl-C ends the program.
  virtual void SayOnInterrupt(std::string_view) {}
};

/// The process's own standard streams.
class StandardScreen final : public Screen {
 public:
  StandardScreen();
  void Out(std::string_view text) override;
  void Error(std::string_view text) override;
  bool IsTerminal() const override { return terminal_; }
  bool Redraws() const override { return redraws_; }
  bool Colors() const override { return colors_; }
  Size GetSize() const override;
  bool AskYes(std::string_view question) override;
  void SayOnInterrupt(std::string_view text) override;

  /// The errno of the first write to standard output that failed, 0 if none did: a full disk must not look like
  /// success.
  int FirstError() const { return first_error_; }

 private:
  bool terminal_ = false;
  bool redraws_ = false;
  bool colors_ = false;
  bool can_ask_ = false;
  int first_error_ = 0;
};

}  // namespace cmdsrv::ctl
