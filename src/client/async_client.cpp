#include "client/async_client.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "client/connection.hpp"

namespace cmdsrv {
namespace {

using std::chrono::milliseconds;
using Time = std::chrono::steady_clock::time_point;

constexpr std::size_t kMostSpare = 16;  // as many as a console starts at once, and a few

struct Question {
  Secret command;
  Time until;
  AsyncClient::Done done;
};

/// A question that was sent, or a spare connection when nobody waits for it.
struct Line {
  std::unique_ptr<Connection> connection;
  Time until;
  AsyncClient::Done done;
};

}  // namespace

class AsyncClient::Worker {
 public:
  explicit Worker(std::string path) : path_(std::move(path)), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (wake_ < 0) return;  // each question then says so
    thread_ = std::thread([this] { Run(); });
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    Wake();
    if (thread_.joinable()) thread_.join();
    if (wake_ >= 0) ::close(wake_);
  }

  void Add(Question question) {
    if (wake_ < 0)
      return question.done(
          Fail(ErrorCode::Io,
               "there are no file descriptors left to ask the Command Server; raise LimitNOFILE of the unit"));
    {
      const std::lock_guard lock(mutex_);
      questions_.push_back(std::move(question));
    }
    Wake();
  }

 private:
  void Wake() const {
    const std::uint64_t one = 1;
    while (::write(wake_, &one, sizeof one) < 0 && errno == EINTR) continue;
  }

  void Run() {
    for (;;) {
      std::uint64_t wakes = 0;
      while (::read(wake_, &wakes, sizeof wakes) < 0 && errno == EINTR) continue;
      std::vector<Question> fresh;
      {
        const std::lock_guard lock(mutex_);
        if (ending_) break;
        fresh.swap(questions_);
      }
      for (Question& question : fresh) Start(std::move(question));
      if (Poll()) Listen();
      EndLate();
    }
    lines_.clear();  // libzmq's sockets are closed by the thread that used them
  }

  void Start(Question question) {
    auto connection = Spare();
    if (!connection) {
      auto opened = Connection::Open(path_);
      if (!opened) return question.done(Failure(std::move(opened.error())));
      connection = std::move(*opened);
    }
    try {
      connection->Send(question.command.Expose());
    } catch (const zmq::error_t& error) {
      return question.done(Fail(ErrorCode::Io, "cannot send to the Command Server at {}: {}", path_, error.what()));
    }
    lines_.push_back({std::move(connection), question.until, std::move(question.done)});
  }

  /// A connection that nobody waits for; never one whose server has gone.
  std::unique_ptr<Connection> Spare() {
    for (;;) {
      const auto found = std::ranges::find_if(lines_, [](const Line& line) { return !line.done; });
      if (found == lines_.end()) return nullptr;
      auto connection = std::move(found->connection);
      lines_.erase(found);
      try {
        if (connection->Wait(Time::min()) == Connection::News::Nothing) return connection;
      } catch (const zmq::error_t&) {
        continue;  // what fails is no better than what has gone
      }
    }
  }

  /// Waits for a wake, a reply, the end of a connection, or the next deadline. False when nothing can be read of lines.
  bool Poll() {
    items_.assign(1, {nullptr, wake_, ZMQ_POLLIN, 0});
    Time next = Time::max();
    for (const Line& line : lines_) {
      items_.push_back({line.connection->ReplyHandle(), 0, ZMQ_POLLIN, 0});
      items_.push_back({line.connection->GoneHandle(), 0, ZMQ_POLLIN, 0});
      if (line.done) next = std::min(next, line.until);
    }
    const long timeout = next == Time::max() ? -1 : Remaining(next);
    return ::zmq_poll(items_.data(), static_cast<int>(items_.size()), timeout) > 0;
  }

  void Listen() {
    // Backwards, so that a line that is dropped does not move those still to come.
    for (std::size_t i = lines_.size(); i-- > 0;) {
      const bool reply = (items_[1 + 2 * i].revents & ZMQ_POLLIN) != 0;
      const bool gone = (items_[2 + 2 * i].revents & ZMQ_POLLIN) != 0;
      if (reply || gone) Hear(i, gone);
    }
  }

  /// The reply first: a server that stops answers and goes away.
  void Hear(std::size_t which, bool gone) {
    Line& line = lines_[which];
    std::optional<std::string> reply;
    try {
      reply = line.connection->Take();
    } catch (const zmq::error_t&) {
      gone = true;
    }
    if (!reply && !gone) return;
    const Done done = std::exchange(line.done, nullptr);
    const auto spare = std::ranges::count_if(lines_, [](const Line& one) { return !one.done; });
    if (gone || spare > static_cast<std::ptrdiff_t>(kMostSpare)) {
      lines_.erase(lines_.begin() + static_cast<std::ptrdiff_t>(which));
    }
    if (!done) return;
    if (reply) return done(std::move(*reply));
    done(Fail(ErrorCode::Unavailable, "the Command Server at {} went away before it answered", path_));
  }

  void EndLate() {
    const Time now = std::chrono::steady_clock::now();
    for (std::size_t i = lines_.size(); i-- > 0;) {
      if (!lines_[i].done || lines_[i].until > now) continue;
      const Done done = std::move(lines_[i].done);
      // Its reply may still come, and must not be taken for that of the next question.
      lines_.erase(lines_.begin() + static_cast<std::ptrdiff_t>(i));
      done(Fail(ErrorCode::Timeout, "the Command Server did not answer in time"));
    }
  }

  const std::string path_;
  const int wake_;
  std::mutex mutex_;
  std::vector<Question> questions_;  ///< guarded by mutex_
  bool ending_ = false;              ///< guarded by mutex_
  std::vector<Line> lines_;          ///< of the thread
  std::vector<zmq_pollitem_t> items_;
  std::thread thread_;
};

AsyncClient::AsyncClient(std::string socket_path) : worker_(std::make_unique<Worker>(std::move(socket_path))) {}
AsyncClient::~AsyncClient() = default;

void AsyncClient::Ask(Secret command, milliseconds deadline, Done done) {
  worker_->Add({std::move(command), std::chrono::steady_clock::now() + deadline, std::move(done)});
}

}  // namespace cmdsrv
