#include "server/workers.hpp"

#include <system_error>

#include "base/log.hpp"
#include "protocol/command.hpp"
#include "protocol/reply.hpp"

namespace cmdsrv {
namespace {

constexpr log::Domain kServer{"server"};

}  // namespace

Executed ExecuteSafely(const Execute& execute, const Request& request) {
  const std::string_view verb = VerbOf(request.text);
  try {
    return execute(request);
  } catch (const std::exception& error) {
    log::Error(kServer, "unexpected error in a worker: {}", error.what());
  } catch (...) {
    log::Error(kServer, "unexpected error of unknown kind in a worker");
  }
  return {ToReply(verb, Error{ErrorCode::Internal, {}})};
}

Workers::Workers(RequestQueue& queue, ReplyBox& box, Execute execute, unsigned general, unsigned quick,
                 unsigned password)
    : queue_(queue), box_(box), execute_(std::move(execute)), running_(general + quick + password) {
  threads_.reserve(general + quick + password);
  for (unsigned i = 0; i < general; ++i) Begin(RequestQueue::Worker::General);
  for (unsigned i = 0; i < quick; ++i) Begin(RequestQueue::Worker::QuickOnly);
  for (unsigned i = 0; i < password; ++i) Begin(RequestQueue::Worker::PasswordOnly);
}

void Workers::Begin(RequestQueue::Worker kind) {
  try {
    threads_.emplace_back([this, kind] { Serve(kind); });
  } catch (const std::system_error& error) {
    --running_;  // a limit of threads is reached: fewer workers are better than no server
    log::Error(kServer, "cannot start a worker: {}", error.what());
  }
}

Workers::~Workers() {
  for (std::thread& thread : threads_) thread.join();
}

void Workers::Serve(RequestQueue::Worker kind) {
  std::optional<Lane> done;
  while (auto request = queue_.Take(kind, done)) {
    Executed executed = ExecuteSafely(execute_, *request);
    done = request->lane;
    box_.Post({std::move(request->from), std::move(executed.reply), executed.delay, executed.wait});
  }
  if (--running_ == 0) box_.Wake();
}

}  // namespace cmdsrv
