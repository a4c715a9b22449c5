#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <thread>
#include <vector>

#include "server/reply_box.hpp"
#include "server/request_queue.hpp"

namespace cmdsrv {

/// What a worker does with a request.
struct Executed {
  std::string reply;
  std::chrono::milliseconds delay{0};
  std::optional<EventWait> wait = {};  ///< instead of a reply: the router waits, the worker does not
};
using Execute = std::function<Executed(const Request&)>;

/// Whatever `execute` throws becomes a reply. Any thread.
Executed ExecuteSafely(const Execute& execute, const Request& request);

/// The threads that carry out Commands. They end when the queue is closed and empty, and never otherwise: whatever
/// `execute` throws becomes a reply.
class Workers {
 public:
  /// `general` take quick and slow requests, `quick` only quick ones, `password` only those of that lane. Queue and box
  /// must outlive the threads.
  Workers(RequestQueue& queue, ReplyBox& box, Execute execute, unsigned general, unsigned quick, unsigned password = 0);
  /// Waits for all threads: close the queue before.
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  /// Every thread has posted its last reply. The box is woken when this becomes true. Any thread.
  bool AllEnded() const { return running_ == 0; }

 private:
  void Begin(RequestQueue::Worker kind);
  void Serve(RequestQueue::Worker kind);

  RequestQueue& queue_;
  ReplyBox& box_;
  const Execute execute_;
  std::atomic<unsigned> running_;
  std::vector<std::thread> threads_;
};

}  // namespace cmdsrv
