#include <fmt/format.h>

#include "ctl/follow.hpp"
#include "ctl/job_rows.hpp"
#include "ctl/server_gone.hpp"
#include "ctl/subcommands.hpp"

namespace cmdsrv::ctl {

int WaitForJobs(Session& session) {
  // A wrong number or a server that is not there must be told at once; patience is for a server that goes away later.
  for (const std::int64_t id : session.options.ids) {
    const auto job = AskJob(session, id);
    if (!job) return Complain(session, job.error());
  }
  return FollowJobs(session, session.options.ids, Until::Succeeded);
}

int CancelJobs(Session& session) {
  int status = kDone;
  for (const std::int64_t id : session.options.ids) {
    const auto reply = AskServer(session, MakeCommand("CANCEL-JOB", {{"job_id", id}}));
    if (reply) {
      ShowReply(session, *reply);
    } else {
      status = Complain(session, reply.error());
      if (status != kRefused) return status;  // the next one would not get through either
    }
  }
  if (status != kDone || !session.options.wait) return status;
  return FollowJobs(session, session.options.ids, Until::Ended);
}

int RetryJob(Session& session) {
  const auto reply = AskServer(session, MakeCommand("RETRY-JOB", {{"job_id", session.options.ids.at(0)}}));
  if (!reply) return Complain(session, reply.error());
  ShowReply(session, *reply);
  const auto job = ScheduledJob(*reply);
  return session.options.wait && job ? FollowJobs(session, {*job}, Until::Succeeded) : static_cast<int>(kDone);
}

int StopServer(Session& session) {
  auto gone = ServerGone::Watch(session.files.pid);  // before the question: afterwards the file may be gone already
  const auto reply = AskServer(session, session.options.end_jobs ? MakeCommand("STOP", {{"jobs", "end"}}) : "STOP");
  if (!reply) return Complain(session, reply.error());
  ShowReply(session, *reply);
  if (!session.options.wait) return kDone;
  if (!gone) return Complain(session, gone.error());
  constexpr std::chrono::seconds kStopTime{30};
  if (gone->Wait(session.options.timeout.value_or(kStopTime))) return kDone;
  session.screen.Error("The server said that it stops, and it still runs.\n");
  return kTimedOut;
}

}  // namespace cmdsrv::ctl
