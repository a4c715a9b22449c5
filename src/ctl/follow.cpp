#include "ctl/follow.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "ctl/job_rows.hpp"
#include "ctl/job_texts.hpp"
#include "ctl/news.hpp"
#include "ctl/progress_view.hpp"

namespace cmdsrv::ctl {
namespace {

using std::chrono::milliseconds;

// Between two looks where the server cannot tell by itself that something happened, or where it happens all the time.
constexpr milliseconds kTerminalInterval{250};
constexpr milliseconds kPlainInterval{1000};

constexpr milliseconds kTick{1000};                 // of the times on a terminal
constexpr std::chrono::seconds kPlainProgress{10};  // as often as progress is printed elsewhere
constexpr milliseconds kReplyShare{5000};      // of one question while following; another one comes soon
constexpr milliseconds kLeastReplyTime{100};   // also for the last look before --timeout passes
constexpr std::chrono::seconds kPatience{30};  // a restart of the daemon, on a slow card

/// One look at all groups.
struct Look {
  std::vector<JobRow> rows;
  std::vector<std::string> raws;
};

class Follower {
 public:
  Follower(Session& session, const std::vector<std::int64_t>& ids, Until until)
      : session_(session), ids_(ids), until_(until), view_(session.screen), began_(session.clock.Steady()) {}

  int Run() {
    SayHowToStop();
    for (;;) {
      session_.reply_time = std::clamp(Remaining(), kLeastReplyTime, kReplyShare);
      news_.Begin();
      auto look = LookAtGroups();
      if (look) {
        trouble_since_.reset();
        Show(*look);
        if (std::ranges::all_of(look->rows, IsFinished)) return Finish(*look);
      } else if (StatusOf(look.error()) == kRefused && look.error().code == ErrorCode::NotFound) {
        return Complain(session_, look.error());
      } else if (Hopeless(look.error())) {
        session_.screen.Error("No answer for 30 s. The jobs go on without the server.\n");
        return Complain(session_, {ErrorCode::Unavailable, look.error().message});
      }
      if (Remaining() <= milliseconds{0}) return GiveUp();
      WaitForNews(look ? &*look : nullptr);
    }
  }

 private:
  Result<Look> LookAtGroups() {
    while (groups_.size() < ids_.size()) {  // once: which group each job belongs to
      auto job = AskJob(session_, ids_[groups_.size()]);
      if (!job) return Failure(std::move(job.error()));
      groups_.push_back(job->group);
    }
    Look look;
    for (const std::int64_t group : std::set(groups_.begin(), groups_.end())) {
      auto page = AskAllPages(session_, {.group = group});
      if (!page) return Failure(std::move(page.error()));
      if (page->rows.empty())
        return Fail(ErrorCode::NotFound, "cannot follow group {}: it has no jobs any more", group);
      look.rows.insert(look.rows.end(), page->rows.begin(), page->rows.end());
      look.raws.push_back(std::move(page->raw));
    }
    return look;
  }

  /// Until there is reason to look again. The server is not asked meanwhile; only the times on a terminal go on.
  void WaitForNews(const Look* look) {
    const bool redraws = session_.screen.Redraws();
    const auto concerns = [this](std::int64_t, std::int64_t group) {
      return std::ranges::find(groups_, group) != groups_.end();
    };
    const SteadyTime looked = session_.clock.Steady();
    while (look != nullptr && Remaining() > milliseconds{0}) {
      switch (news_.Wait(redraws ? std::min(kTick, Remaining()) : Remaining(), concerns)) {
        case News::Came::Change: return;
        case News::Came::Output:
          if (redraws) return session_.pauser.Pause(std::min(kTerminalInterval, Remaining()));  // more may come at once
          if (session_.clock.Steady() - looked >= kPlainProgress) return;
          break;
        case News::Came::Nothing:
          if (redraws) Show(*look);
          break;
        case News::Came::Away: look = nullptr; break;
      }
    }
    if (Remaining() <= milliseconds{0}) return;
    const bool quick = redraws && !trouble_since_;
    session_.pauser.Pause(std::min(quick ? kTerminalInterval : kPlainInterval, Remaining()));
  }

  void Show(const Look& look) {
    if (session_.options.json || session_.options.quiet) return;
    const WallTime wall = session_.clock.Wall();
    if (session_.screen.Redraws()) {
      view_.Show(ViewOfGroup(look.rows, wall, session_.screen.GetSize(), session_.screen.Colors()));
      return;
    }
    for (const std::string& line : changes_.Update(look.rows, wall, session_.clock.Steady())) {
      session_.screen.Out(line + "\n");
    }
  }

  /// True when the server was away for too long. Tells once that it is away.
  bool Hopeless(const Error& error) {
    const SteadyTime now = session_.clock.Steady();
    if (!trouble_since_) {
      trouble_since_ = now;
      if (!session_.options.quiet) {
        session_.screen.Error(fmt::format("{}. Jobs outlive the server; asking again for 30 s.\n", error.message));
      }
    }
    return now - *trouble_since_ >= kPatience;
  }

  int Finish(const Look& look) {
    session_.screen.SayOnInterrupt("");
    if (session_.options.json) {
      for (const std::string& raw : look.raws) PrintRaw(session_, raw);
    }
    const bool succeeded = std::ranges::all_of(look.rows, [](const JobRow& row) { return row.status == "SUCCEEDED"; });
    if (!session_.options.json && !session_.options.quiet) PrintEnd(look.rows);
    return succeeded || until_ == Until::Ended ? kDone : kRefused;
  }

  void PrintEnd(std::vector<JobRow> rows) {
    std::ranges::sort(rows, {}, &JobRow::id);
    const std::string program = ProgramForHints(session_.options);
    for (const JobRow& row : rows) {
      if (row.status != "FAILED" || until_ == Until::Ended) continue;
      session_.screen.Out(FailureText(row));
      session_.screen.Out(
          fmt::format("All of its output: {0} log {1}     To try again: {0} retry {1}\n", program, row.id));
    }
    session_.screen.Out(CountText(rows) + "\n");
  }

  int GiveUp() {
    session_.screen.Error(fmt::format("Not ended after {} s; the jobs go on. To wait again: {} wait {}\n",
                                      session_.options.timeout.value_or(milliseconds{0}).count() / 1000,
                                      ProgramForHints(session_.options), IdList()));
    return kTimedOut;
  }

  void SayHowToStop() {
    const std::string how = fmt::format("{} cancel {}", ProgramForHints(session_.options), IdList());
    session_.screen.SayOnInterrupt(fmt::format("\nNo longer watching; the jobs go on. To stop them: {}\n", how));
    if (session_.options.json || session_.options.quiet || until_ == Until::Ended) return;
    session_.screen.Out(fmt::format("(Ctrl-C leaves the jobs running; to stop them: {})\n", how));
  }

  std::string IdList() const { return fmt::format("{}", fmt::join(ids_, " ")); }

  milliseconds Remaining() const {
    if (!session_.options.timeout) return std::chrono::hours{24};
    const auto spent = std::chrono::duration_cast<milliseconds>(session_.clock.Steady() - began_);
    return std::max(*session_.options.timeout - spent, milliseconds{0});
  }

  Session& session_;
  const std::vector<std::int64_t>& ids_;
  const Until until_;
  News news_{session_};
  LiveView view_;
  ChangeLines changes_;
  const SteadyTime began_;
  std::vector<std::int64_t> groups_;
  std::optional<SteadyTime> trouble_since_;
};

}  // namespace

int FollowJobs(Session& session, const std::vector<std::int64_t>& ids, Until until) {
  return Follower(session, ids, until).Run();
}

}  // namespace cmdsrv::ctl
