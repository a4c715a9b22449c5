#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "ctl/job_rows.hpp"
#include "ctl/screen.hpp"

/// How a group of jobs looks while somebody waits for it.
namespace cmdsrv::ctl {

struct ViewLine {
  std::string text;         ///< may hold colours
  std::size_t columns = 0;  ///< as shown
};

/// One line a step, at most `size.rows` - 2 lines; when there are more steps, those that run or failed stay and the
/// rest is counted in a last line. No line is as wide as the window, so that none wraps.
std::vector<ViewLine> ViewOfGroup(std::vector<JobRow> rows, WallTime now, Screen::Size size, bool colors);

/// Draws such lines over the ones before.
class LiveView {
 public:
  explicit LiveView(Screen& screen) : screen_(screen) {}
  void Show(const std::vector<ViewLine>& lines);

 private:
  Screen& screen_;
  std::vector<ViewLine> shown_;
};

/// The same for a log file: a line when something changed, progress at most every 10 s for each job.
class ChangeLines {
 public:
  std::vector<std::string> Update(std::vector<JobRow> rows, WallTime wall, SteadyTime now);

 private:
  struct Told {
    std::string status;
    std::string detail;
    SteadyTime when;
  };
  std::map<std::int64_t, Told> told_;
};

}  // namespace cmdsrv::ctl
