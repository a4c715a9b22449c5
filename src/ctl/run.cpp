#include "ctl/exit_status.hpp"
#include "ctl/plain_verb.hpp"
#include "ctl/subcommands.hpp"

namespace cmdsrv::ctl {

int Run(Session& session) {
  const Options& options = session.options;
  if (options.action == Action::Send && !options.wait && !options.json) {
    const int status = SendPlain(session);
    return options.one_failure && status != kDone ? static_cast<int>(kRefused) : status;
  }
  const Presence presence = LookForServer(options, session.files);
  if (presence != Presence::Ready) return Complain(session, {ErrorCode::Unavailable, std::string(Sentence(presence))});
  switch (options.action) {
    case Action::Send: return SendAndWait(session);
    case Action::Status: return ShowStatus(session);
    case Action::Health: return ShowHealth(session);
    case Action::Jobs: return ListJobs(session);
    case Action::Job: return ShowJob(session);
    case Action::Log: return ShowLog(session);
    case Action::Wait: return WaitForJobs(session);
    case Action::Cancel: return CancelJobs(session);
    case Action::Retry: return RetryJob(session);
    case Action::Stop: return StopServer(session);
    case Action::Commands: return ListCommands(session);
  }
  return kUsage;
}

}  // namespace cmdsrv::ctl
