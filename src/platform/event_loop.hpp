#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "base/result.hpp"

struct sd_event;

namespace cmdsrv {

/// A thin owner of an sd-event loop. All members: the loop's own thread only, except Wake, Post and Quit (any thread).
/// Callbacks may add and drop sources. No system call happens while nothing happens.
class EventLoop {
 public:
  /// Keeps a source alive; destroying it removes the source.
  class Source {
   public:
    virtual ~Source() = default;
  };
  using SourcePtr = std::unique_ptr<Source>;

  static Result<std::unique_ptr<EventLoop>> Make();
  virtual ~EventLoop() = default;

  /// Level-triggered, readable. `fd` stays the caller's and must outlive the source.
  virtual SourcePtr OnReadable(int fd, std::function<void()> callback) = 0;
  /// Once, on the monotonic clock (a jump of the wall clock does not matter).
  virtual SourcePtr After(std::chrono::milliseconds delay, std::function<void()> callback) = 0;
  /// Runs `task` in the loop's thread, in order of posting. Any thread, also before Run.
  virtual void Post(std::function<void()> task) = 0;
  /// For libraries that attach themselves to it; null when it is none of systemd's.
  virtual sd_event* Native() { return nullptr; }
  /// Serves until Quit.
  virtual void Run() = 0;
  virtual void Quit() = 0;
};

}  // namespace cmdsrv
