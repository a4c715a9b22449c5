#include <algorithm>

#include "ctl/job_rows.hpp"
#include "ctl/job_texts.hpp"
#include "ctl/subcommands.hpp"

namespace cmdsrv::ctl {
namespace {

constexpr std::chrono::hours kRecent{24};

std::int64_t RunningCount(const Reply& summary) {
  std::int64_t count = 0;
  if (!summary.value.is_object()) return 0;
  for (const std::string_view key : {"STARTED", "RESTARTED"}) {
    const json::value* value = summary.value.get_object().if_contains(key);
    if (value != nullptr && value->is_int64()) count += value->get_int64();
  }
  return count;
}

/// Rows that matter now: unfinished, or ended within a day. Old rows know no end; the page they are on decides then.
bool Matters(const JobRow& row, WallTime now) { return !IsFinished(row) || (row.ended && now - *row.ended < kRecent); }

}  // namespace

Result<JobPage> AskWhatMatters(Session& session) {
  const auto summary = AskServer(session, "GET-JOB-ACTIVE-SUM");
  if (!summary) return Failure(summary.error());
  const std::int64_t running = RunningCount(*summary);
  const WallTime now = session.clock.Wall();
  JobPage found;
  for (JobQuery query;;) {
    auto page = AskPage(session, query);
    if (!page) return page;
    const bool last = page->rows.size() < kPageRows || page->rows.back().id <= 1;
    if (!page->rows.empty()) query.below = page->rows.back().id;
    const std::size_t before = found.rows.size();
    std::ranges::copy_if(page->rows, std::back_inserter(found.rows),
                         [&](const JobRow& row) { return Matters(row, now); });
    const bool nothing_new = found.rows.size() == before;
    if (last || (nothing_new && std::ranges::count_if(found.rows, IsRunning) >= running)) return found;
  }
}

int ListJobs(Session& session) {
  const Options& options = session.options;
  if (options.watch) return WatchJobs(session);
  const bool everything = options.all || options.since_days || options.json;
  auto page = everything ? AskAllPages(session, {.since_days = options.all ? 0 : options.since_days.value_or(0)})
                         : AskWhatMatters(session);
  if (!page) return Complain(session, page.error());
  if (options.json) {
    PrintRaw(session, page->raw);
    return kDone;
  }
  if (page->rows.empty()) {
    session.screen.Out(everything ? "There are no jobs.\n"
                                  : "No job is unfinished or ended in the last 24 hours; --all shows older ones.\n");
    return kDone;
  }
  std::ranges::sort(page->rows, {}, &JobRow::id);  // the newest beside the prompt
  session.screen.Out(JobTable(page->rows, session.clock.Wall(), TableWidth(session.screen), session.screen.Colors()));
  return kDone;
}

int ShowJob(Session& session) {
  auto row = AskJob(session, session.options.ids.at(0));
  if (!row) return Complain(session, row.error());
  auto group = AskAllPages(session, {.group = row->group});
  if (!group) return Complain(session, group.error());
  if (session.options.json) {
    PrintRaw(session, group->raw);
    return kDone;
  }
  session.screen.Out(JobDetail(*row, std::move(group->rows), session.clock.Wall(), TableWidth(session.screen),
                               session.screen.Colors()));
  return kDone;
}

}  // namespace cmdsrv::ctl
