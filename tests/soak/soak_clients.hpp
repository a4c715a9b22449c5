#pragma once

#include <thread>
#include <vector>

#include "soak/soak_world.hpp"

namespace cmdsrv::test {

/// Eight clients: four at the socket, three pages and a stream of events at the gateway. They go on until
/// SoakWorld::stop; each request to a daemon that lives all the while must be answered, and rightly.
std::vector<std::thread> StartClients(SoakWorld& world);

/// Makes a job, so that a stream that waits has something to hear.
void MakeNews(SoakWorld& world);

}  // namespace cmdsrv::test
