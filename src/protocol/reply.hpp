#pragma once

#include <string>
#include <string_view>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "protocol/answer.hpp"

/// The wire form of everything the server says (spec protocol 6 and 7). Always one JSON text in valid UTF-8.
namespace cmdsrv {

std::string ToReply(std::string_view verb, Answer answer);

/// Malformed → {"Error": "Malformed Command <VERB>."}; Refused, Unavailable, Busy, Timeout, NoSpace, NotFound →
/// {"Error": "<message> <VERB>."}; Stated → {"Error": "<message>"}; Io, Corrupt, Newer, Internal → {"Error":
/// "Unexpected error in Command <VERB>"} (the message belongs into the log); Duplicate → message as it is.
std::string ToReply(std::string_view verb, const Error& error);

std::string JobScheduledReply(JobId last);     ///< {"Success": "Job  42 Scheduled."}
std::string UnknownReply();                    ///< R-UNKNOWN
std::string InitFailedReply();                 ///< R-INIT, with Alert
std::string StoppingReply();                   ///< R-STOP
std::string BusyReply(std::string_view verb);  ///< R-BUSY
std::string RefusedWhileStoppingReply(std::string_view verb);
std::string InternetReply(std::string_view verb);  ///< R-INTERNET
/// `shown`: the Command as the client may see it ("VERB ***" when sensitive); quotes are removed, cut to 200
/// characters.
Error DuplicateError(std::string_view shown);

}  // namespace cmdsrv
