#include "platform/event_loop.hpp"

#include <sys/eventfd.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include <cerrno>
#include <deque>
#include <exception>
#include <mutex>
#include <utility>

#include "base/log.hpp"
#include "platform/unique_fd.hpp"

namespace cmdsrv {
namespace {

constexpr log::Domain kPlatform{"platform"};

// sd-event may move a timer by this much to share a wake-up with another; its own default is 250 ms.
constexpr std::uint64_t kTimerAccuracyUs = 1000;

/// One job that throws must not end the thread that minds all others.
void CallSafely(const std::function<void()>& callback) {
  try {
    callback();
  } catch (const std::exception& exception) {
    log::Error(kPlatform, "an event was not handled to its end: {}", exception.what());
  } catch (...) {
    log::Error(kPlatform, "an event was not handled to its end");
  }
}

class SdSource final : public EventLoop::Source {
 public:
  explicit SdSource(std::function<void()> callback)
      : callback_(std::make_shared<const std::function<void()>>(std::move(callback))) {}
  ~SdSource() override { sd_event_source_disable_unref(source_); }

  sd_event_source** Slot() { return &source_; }

  static int HandleIo(sd_event_source*, int, std::uint32_t, void* self) { return Handle(self); }
  static int HandleTime(sd_event_source*, std::uint64_t, void* self) { return Handle(self); }

 private:
  static int Handle(void* self) {
    const auto callback = static_cast<SdSource*>(self)->callback_;  // a copy: it may destroy its own source
    CallSafely(*callback);
    return 0;
  }

  sd_event_source* source_ = nullptr;
  std::shared_ptr<const std::function<void()>> callback_;
};

class SdEventLoop final : public EventLoop {
 public:
  ~SdEventLoop() override {
    wake_source_.reset();
    sd_event_unref(event_);
  }

  Result<void> Open() {
    if (const int r = sd_event_new(&event_); r < 0) return FailFromErrno(-r, "make an event loop");
    wake_fd_.Reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!wake_fd_) return FailFromErrno(errno, "make an event descriptor");
    wake_source_ = OnReadable(wake_fd_.Get(), [this] { RunPosted(); });
    return {};
  }

  SourcePtr OnReadable(int fd, std::function<void()> callback) override {
    auto source = std::make_unique<SdSource>(std::move(callback));
    const int r = sd_event_add_io(event_, source->Slot(), fd, EPOLLIN, SdSource::HandleIo, source.get());
    if (r < 0) log::Error(kPlatform, "cannot watch file descriptor {}: {}", fd, Reason(-r));
    return source;
  }

  SourcePtr After(std::chrono::milliseconds delay, std::function<void()> callback) override {
    auto source = std::make_unique<SdSource>(std::move(callback));
    const auto us = static_cast<std::uint64_t>(std::max<std::int64_t>(0, std::chrono::microseconds(delay).count()));
    const int r = sd_event_add_time_relative(event_, source->Slot(), CLOCK_MONOTONIC, us, kTimerAccuracyUs,
                                             SdSource::HandleTime, source.get());
    if (r < 0) log::Error(kPlatform, "cannot set a timer: {}", Reason(-r));
    return source;
  }

  void Post(std::function<void()> task) override {
    bool first = false;
    {
      const std::lock_guard lock(mutex_);
      first = posted_.empty();
      posted_.push_back(std::move(task));
    }
    const std::uint64_t one = 1;
    if (first) [[maybe_unused]]
      const ssize_t written = ::write(wake_fd_.Get(), &one, sizeof one);
  }

  sd_event* Native() override { return event_; }

  void Run() override {
    if (const int r = sd_event_loop(event_); r < 0) log::Error(kPlatform, "the event loop ended: {}", Reason(-r));
  }

  void Quit() override {
    Post([this] {
      quit_ = true;
      sd_event_exit(event_, 0);
    });
  }

 private:
  void RunPosted() {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t size = ::read(wake_fd_.Get(), &count, sizeof count);
    std::deque<std::function<void()>> tasks;
    {
      const std::lock_guard lock(mutex_);
      tasks.swap(posted_);
    }
    for (const auto& task : tasks) {
      if (quit_) return;
      CallSafely(task);
    }
  }

  sd_event* event_ = nullptr;
  UniqueFd wake_fd_;
  SourcePtr wake_source_;
  bool quit_ = false;
  std::mutex mutex_;
  std::deque<std::function<void()>> posted_;  ///< guarded by mutex_
};

}  // namespace

Result<std::unique_ptr<EventLoop>> EventLoop::Make() {
  auto loop = std::make_unique<SdEventLoop>();
  if (auto opened = loop->Open(); !opened) return Failure(opened.error());
  return loop;
}

}  // namespace cmdsrv
