#pragma once

#include "server/options.hpp"

namespace cmdsrv {

/// Serves until it is told to stop. Returns the exit status: 0 after an orderly stop, 1 when it could not start.
int Serve(const ServerOptions& options);

/// Says on standard output and error what is to be said about the configuration: 0 usable, 1 not.
int CheckConfig(const ServerOptions& options);

/// Prints what taking over from the Python program would do: 0 nothing is in the way, 1 something is.
int CheckTakeover(const ServerOptions& options);

}  // namespace cmdsrv
