#pragma once

#include <string>
#include <string_view>

namespace cmdsrv::ctl {

/// Takes out the lines "@progress …", in which a step tells the server how far it is: one a second for hours, and `job
/// ID` shows the last of them. Pieces may be cut anywhere.
class LogFilter {
 public:
  /// What can be shown so far. A beginning of a line that may become such a line is held back.
  std::string Take(std::string_view piece);

  /// What was held back, when no more will come.
  std::string Rest();

 private:
  enum class Line { Begins, Shown, Dropped };
  Line line_ = Line::Begins;
  std::string held_;
};

}  // namespace cmdsrv::ctl
