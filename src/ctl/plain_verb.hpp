#pragma once

#include "ctl/session.hpp"

namespace cmdsrv::ctl {

/// `VERB [JSON]` as it always was (spec protocol 13). Status: 0 when a reply came, also an Error; 1 when the server is
/// not there, did not answer or the words are wrong. With --strict 3 for an Error reply and 4 for no reply in time.
int SendPlain(Session& session);

/// `VERB [JSON]` with --wait or --json: the statuses of exit_status.hpp; --wait follows the jobs that the Command made.
int SendAndWait(Session& session);

}  // namespace cmdsrv::ctl
