#include "platform/log_writer.hpp"

#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <system_error>
#include <utility>

#include "platform/journal.hpp"

namespace cmdsrv {
namespace {

constexpr std::size_t kUsual = 1000;  // lines at once

/// The sink is a plain function, so the writer that it hands its lines to is found here.
std::atomic<LogWriter*> g_writer{nullptr};

/// Signals are the router's; none may end up in a thread that does not look at them.
std::thread WithoutSignals(auto run) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread;
  try {
    thread = std::thread(run);
  } catch (const std::system_error&) {  // NOLINT(bugprone-empty-catch): none to be had, so callers write themselves
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace

LogWriter::LogWriter() {
  thread_ = WithoutSignals([this] { Run(); });
  if (!thread_.joinable()) return;
  g_writer = this;
  log::SetSink([](log::Level level, std::string_view room, std::string&& text) {
    if (LogWriter* writer = g_writer.load()) return writer->Add(level, room, std::move(text));
    WriteLogLine(level, room, std::move(text));
  });
}

LogWriter::~LogWriter() {
  if (!thread_.joinable()) return;
  g_writer = nullptr;
  {
    const std::scoped_lock lock(mutex_);
    ending_ = true;
  }
  came_.notify_one();
  thread_.join();
}

void LogWriter::Add(log::Level level, std::string_view room, std::string&& text) {
  LogLine line{level, room, std::move(text), FieldsOfSubject()};
  std::unique_lock lock(mutex_);
  written_.wait(lock, [this] { return waiting_.size() < kMostWaiting; });
  waiting_.push_back(std::move(line));
  const std::uint64_t mine = ++added_;
  const bool wait = level == log::Level::Error;
  urgent_ = urgent_ || wait;
  if (waiting_.size() == 1 || wait || waiting_.size() >= kMostWaiting) came_.notify_one();
  if (wait) written_.wait(lock, [&] { return done_ >= mine; });
}

void LogWriter::Run() {
  pthread_setname_np(pthread_self(), "log-writer");
  std::vector<LogLine> lines;
  std::unique_lock lock(mutex_);
  for (;;) {
    came_.wait(lock, [this] { return !waiting_.empty() || ending_; });
    if (waiting_.empty()) return;
    came_.wait_for(lock, kGathering, [this] { return urgent_ || ending_ || waiting_.size() >= kMostWaiting; });
    urgent_ = false;
    lines.swap(waiting_);
    lock.unlock();
    WriteLog(lines);
    const std::size_t count = lines.size();
    lines.clear();
    if (count > kUsual) lines.shrink_to_fit();  // a flood is rare, and its memory is wanted elsewhere
    lock.lock();
    done_ += count;
    written_.notify_all();
  }
}

}  // namespace cmdsrv
