#include "jobs/job_minder.hpp"

#include <pthread.h>

#include <thread>

#include "base/log.hpp"
#include "jobs/board.hpp"
#include "jobs/shim_runner.hpp"

namespace cmdsrv {
namespace {

constexpr log::Domain kJobs{"jobs"};

class Minder final : public JobMinder {
 public:
  Minder(Store& store, const Clock& clock, MinderOptions options, std::shared_ptr<EventLoop> loop)
      : options_(std::move(options)),
        loop_(std::move(loop)),
        table_(std::make_shared<JobTable>()),
        runner_(loop_, options_.shim_program,
                {options_.state_directory, options_.output_directory, options_.old_output_directory},
                options_.system_bus),
        core_({store, clock, loop_, runner_, *table_, events_}, options_),
        board_(store, clock, options_, table_, core_) {}

  ~Minder() override { Stop(false); }

  Result<void> Serve() {
    if (auto recovered = core_.Recover(); !recovered) return recovered;
    thread_ = std::thread([this] {
      pthread_setname_np(pthread_self(), "minder");
      loop_->Run();
    });
    return {};
  }

  JobBoard& Board() override { return board_; }
  void InternetSeen() override { core_.InternetSeen(); }

  void Stop(bool end_jobs) override {
    board_.Close();
    if (thread_.joinable()) {
      if (end_jobs) {
        loop_->Post([this] { Interrupt(); });
      } else {
        loop_->Quit();
      }
      thread_.join();
    }
  }

 private:
  void Interrupt() {
    stop_timer_ = loop_->After(kLongestStop, [this] {
      log::Warning(kJobs, "some steps did not end within {} s; they go on", kLongestStop.count());
      loop_->Quit();
    });
    core_.InterruptAll([this] { loop_->Quit(); });
  }

  const MinderOptions options_;
  const std::shared_ptr<EventLoop> loop_;
  const std::shared_ptr<JobTable> table_;
  JobEvents events_;
  ShimRunner runner_;
  MinderCore core_;
  class Board board_;
  EventLoop::SourcePtr stop_timer_;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<JobMinder>> JobMinder::Start(Store& store, const Clock& clock, MinderOptions options) {
  auto loop = EventLoop::Make();
  if (!loop) return tl::unexpected(loop.error());
  auto minder =
      std::make_unique<Minder>(store, clock, std::move(options), std::shared_ptr<EventLoop>(std::move(*loop)));
  if (auto serving = minder->Serve(); !serving) return tl::unexpected(serving.error());
  return minder;
}

}  // namespace cmdsrv
