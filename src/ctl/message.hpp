#pragma once

#include <string>

#include "base/result.hpp"
#include "ctl/options.hpp"

namespace cmdsrv::ctl {

/// The Command that the operator's words and -f FILE make: "VERB", "VERB {json}", the whole Command out of the file, or
/// a verb whose arguments are in the file. Refused when there are too few or too many words; Malformed when the file is
/// longer than a Command may be; Io when it cannot be read.
Result<std::string> MakeMessage(const Options& options);

}  // namespace cmdsrv::ctl
