// jobs --watch: the list of jobs, for as long as somebody looks at it.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "ctl/job_texts.hpp"
#include "ctl/news.hpp"
#include "ctl/progress_view.hpp"
#include "ctl/shown_text.hpp"
#include "ctl/subcommands.hpp"
#include "ctl/text_table.hpp"

namespace cmdsrv::ctl {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kTick{1000};            // the times of running jobs go on
constexpr milliseconds kOutputPause{250};      // several jobs print all the time
constexpr std::chrono::seconds kPatience{30};  // as when following jobs
constexpr std::chrono::hours kForever{24 * 365};

class Watcher {
 public:
  explicit Watcher(Session& session)
      : session_(session), news_(session), view_(session.screen), began_(session.clock.Steady()), heard_(began_) {}

  int Run() {
    for (;;) {
      news_.Begin();
      auto page = AskWhatMatters(session_);
      if (page) {
        heard_ = session_.clock.Steady();
        rows_ = std::move(page->rows);
        std::ranges::sort(rows_, {}, &JobRow::id);
        Show();
      } else if (StatusOf(page.error()) == kRefused || session_.clock.Steady() - heard_ >= kPatience || !ever_) {
        return Complain(session_, page.error());
      }
      ever_ = true;
      if (!WaitForNews()) return kDone;
    }
  }

 private:
  milliseconds Remaining() const {
    if (!session_.options.timeout) return kForever;
    return *session_.options.timeout - std::chrono::duration_cast<milliseconds>(session_.clock.Steady() - began_);
  }

  /// False when the time that the operator gave is over.
  bool WaitForNews() {
    for (;;) {
      const milliseconds left = Remaining();
      if (left <= milliseconds{0}) return false;
      const bool redraws = session_.screen.Redraws();
      switch (news_.Wait(redraws ? std::min(kTick, left) : left, [](auto, auto) { return true; })) {
        case News::Came::Change: PrintEvents(); return true;
        case News::Came::Output:
          PrintEvents();
          if (!redraws) break;
          session_.pauser.Pause(std::min(kOutputPause, left));
          return true;
        case News::Came::Nothing:
          if (redraws) Show();
          break;
        case News::Came::Away: session_.pauser.Pause(std::min(kTick, left)); return true;
      }
    }
  }

  void PrintEvents() {
    if (session_.options.json) PrintRaw(session_, news_.Raw());
  }

  void Show() {
    if (session_.options.json) return;
    const WallTime wall = session_.clock.Wall();
    if (!session_.screen.Redraws()) {
      for (const std::string& line : changes_.Update(rows_, wall, session_.clock.Steady())) {
        session_.screen.Out(line + "\n");
      }
      return;
    }
    view_.Show(LinesOfTable(wall));
  }

  /// The newest jobs, as many as the window shows.
  std::vector<ViewLine> LinesOfTable(WallTime wall) const {
    const auto [columns, rows] = session_.screen.GetSize();
    const std::size_t most = std::max<std::size_t>(rows, 5) - 3;  // the head of the table, and the line of the cursor
    std::vector<JobRow> shown = rows_;
    if (shown.size() > most) shown.erase(shown.begin(), shown.end() - static_cast<std::ptrdiff_t>(most));
    const std::string table = shown.empty() ? "No job is unfinished or ended in the last 24 hours.\n"
                                            : JobTable(shown, wall, columns, session_.screen.Colors());
    std::vector<ViewLine> lines;
    for (const std::string_view line : Split(table, '\n')) {
      if (!line.empty()) lines.push_back({.text = std::string(line), .columns = columns});
    }
    return lines;
  }

  Session& session_;
  News news_;
  LiveView view_;
  ChangeLines changes_;
  std::vector<JobRow> rows_;
  const SteadyTime began_;
  SteadyTime heard_;  ///< when the server last answered
  bool ever_ = false;
};

}  // namespace

int WatchJobs(Session& session) { return Watcher(session).Run(); }

}  // namespace cmdsrv::ctl
