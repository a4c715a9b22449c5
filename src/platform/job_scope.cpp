#include "platform/job_scope.hpp"

#include <systemd/sd-bus.h>

#include <cstring>
#include <map>
#include <optional>

namespace cmdsrv {
namespace {

using namespace std::chrono_literals;

constexpr auto kDeadline = 2s;
constexpr auto kPauseAfterSilence = 60s;
constexpr std::uint64_t kLowWeight = 20;              // of 100
constexpr std::uint64_t kStopTimeoutUs = 20'000'000;  // INT, 5 s, TERM, 5 s, KILL are the shim's work

constexpr const char* kSystemd = "org.freedesktop.systemd1";
constexpr const char* kSystemdPath = "/org/freedesktop/systemd1";
constexpr const char* kManager = "org.freedesktop.systemd1.Manager";
constexpr const char* kJobRemoved =
    "type='signal',sender='org.freedesktop.systemd1',path='/org/freedesktop/systemd1',"
    "interface='org.freedesktop.systemd1.Manager',member='JobRemoved'";

struct CloseBus {
  void operator()(sd_bus* bus) const { sd_bus_close_unref(bus); }
};
using Bus = std::unique_ptr<sd_bus, CloseBus>;

struct DropMessage {
  void operator()(sd_bus_message* message) const { sd_bus_message_unref(message); }
};
using Message = std::unique_ptr<sd_bus_message, DropMessage>;

struct DropSlot {
  void operator()(sd_bus_slot* slot) const { sd_bus_slot_unref(slot); }
};
using Slot = std::unique_ptr<sd_bus_slot, DropSlot>;

/// One wish that is under way.
struct Pending {
  ScopeMaker::Done done;
  Slot call;
  std::string job;  ///< systemd's own; its removal is the end of the move
  EventLoop::SourcePtr timer;
};

class SdScopeMaker final : public ScopeMaker {
 public:
  SdScopeMaker(EventLoop& loop, std::string address)
      : loop_(loop), address_(std::move(address)), self_(std::make_shared<SdScopeMaker*>(this)) {}
  ~SdScopeMaker() override { *self_ = nullptr; }

  std::unique_ptr<Wait> Move(const ScopeWish& wish, Done done) override {
    const std::uint64_t number = ++last_;
    Pending& pending = pending_[number];
    pending.done = std::move(done);
    auto asked = silent_until_ > clock_.Steady() ? Fail(ErrorCode::Timeout, "systemd did not answer a while ago")
                                                 : Ask(wish, number, pending);
    if (asked) {
      pending.timer = loop_.After(kDeadline, [this, number] { Silence(number); });
    } else {
      loop_.Post([self = self_, number, error = asked.error()] {
        if (*self != nullptr) (*self)->Finish(number, Failure(error));
      });
    }
    return std::make_unique<Handle>(self_, number);
  }

 private:
  struct Handle final : Wait {
    Handle(std::shared_ptr<SdScopeMaker*> maker, std::uint64_t wish) : self(std::move(maker)), number(wish) {}
    ~Handle() override {
      if (*self != nullptr) (*self)->Forget(number);
    }
    std::shared_ptr<SdScopeMaker*> self;
    std::uint64_t number;
  };

  /// Goes with the call as its user data; freed with the slot.
  struct Call {
    SdScopeMaker* maker;
    std::uint64_t number;
  };

  static Failure BusError(int result, std::string_view what) {
    return Fail(ErrorCode::Unavailable, "cannot {}: {}", what, Reason(-result));
  }

  Result<void> Connect() {
    if (bus_ && sd_bus_is_open(bus_.get()) > 0) return {};
    job_removed_.reset();
    bus_.reset();
    sd_bus* made = nullptr;
    if (const int r = sd_bus_new(&made); r < 0) return BusError(r, "make a D-Bus connection");
    Bus bus(made);
    int r = sd_bus_set_address(made, address_.c_str());
    if (r >= 0) r = sd_bus_set_bus_client(made, 1);
    if (r >= 0) r = sd_bus_start(made);  // returns at once; the rest of the handshake is done by the loop
    if (r >= 0) r = sd_bus_attach_event(made, loop_.Native(), 0);
    if (r < 0) return BusError(r, "connect to the system bus at " + address_);
    bus_ = std::move(bus);
    return {};
  }

  /// Only while somebody waits: systemd tells of every unit of the machine, and an idle server is not to be woken.
  Result<void> Listen() {
    if (job_removed_) return {};
    sd_bus_slot* slot = nullptr;
    const int r = sd_bus_add_match_async(bus_.get(), &slot, kJobRemoved, OnJobRemoved, nullptr, this);
    if (r < 0) return BusError(r, "listen to systemd");
    job_removed_.reset(slot);
    return {};
  }

  Result<void> Ask(const ScopeWish& wish, std::uint64_t number, Pending& pending) {
    if (auto connected = Connect(); !connected) return connected;
    if (auto listening = Listen(); !listening) return listening;
    sd_bus_message* made = nullptr;
    int r = sd_bus_message_new_method_call(bus_.get(), &made, kSystemd, kSystemdPath, kManager, "StartTransientUnit");
    const Message message(made);
    if (r >= 0) r = Fill(made, wish);
    sd_bus_slot* slot = nullptr;
    auto call = std::make_unique<Call>(Call{this, number});
    if (r >= 0) r = sd_bus_call_async(bus_.get(), &slot, made, OnReply, call.get(), 0);
    if (r < 0) return BusError(r, "ask systemd for a scope");
    pending.call.reset(slot);
    sd_bus_slot_set_destroy_callback(slot, [](void* data) { delete static_cast<Call*>(data); });
    (void)call.release();  // NOLINT(bugprone-unused-return-value): the slot's now
    return {};
  }

  static int Fill(sd_bus_message* message, const ScopeWish& wish) {
    int r = sd_bus_message_append(message, "ss", wish.name.c_str(), "fail");
    if (r >= 0) r = sd_bus_message_open_container(message, 'a', "(sv)");
    if (r >= 0) r = sd_bus_message_append(message, "(sv)", "Description", "s", wish.description.c_str());
    if (r >= 0) r = sd_bus_message_append(message, "(sv)", "PIDs", "au", 1, static_cast<std::uint32_t>(wish.pid));
    if (r >= 0) r = sd_bus_message_append(message, "(sv)", "CollectMode", "s", "inactive-or-failed");
    if (r >= 0) r = sd_bus_message_append(message, "(sv)", "TimeoutStopUSec", "t", kStopTimeoutUs);
    if (wish.low_priority) {
      if (r >= 0) r = sd_bus_message_append(message, "(sv)", "CPUWeight", "t", kLowWeight);
      if (r >= 0) r = sd_bus_message_append(message, "(sv)", "IOWeight", "t", kLowWeight);
    }
    if (r >= 0) r = sd_bus_message_close_container(message);
    if (r >= 0) r = sd_bus_message_append(message, "a(sa(sv))", 0);
    return r;
  }

  static int OnReply(sd_bus_message* reply, void* data, sd_bus_error*) {
    const Call call = *static_cast<Call*>(data);
    call.maker->TakeReply(call.number, reply);
    return 0;
  }

  void TakeReply(std::uint64_t number, sd_bus_message* reply) {
    const auto at = pending_.find(number);
    if (at == pending_.end()) return;
    if (const sd_bus_error* error = sd_bus_message_get_error(reply)) {
      return Finish(number, Fail(ErrorCode::Unavailable, "systemd refuses a scope: {}",
                                 error->message == nullptr ? error->name : error->message));
    }
    const char* job = nullptr;
    if (sd_bus_message_read(reply, "o", &job) < 0) {
      return Finish(number, Fail(ErrorCode::Unavailable, "systemd gave an answer that is none"));
    }
    at->second.job = job;
  }

  static int OnJobRemoved(sd_bus_message* signal, void* self, sd_bus_error*) {
    std::uint32_t id = 0;
    const char* job = nullptr;
    const char* unit = nullptr;
    const char* result = nullptr;
    if (sd_bus_message_read(signal, "uoss", &id, &job, &unit, &result) < 0) return 0;
    static_cast<SdScopeMaker*>(self)->TakeEnd(job, unit, result);
    return 0;
  }

  void TakeEnd(std::string_view job, std::string_view unit, std::string_view result) {
    for (const auto& [number, pending] : pending_) {
      if (pending.job != job) continue;
      if (result == "done") return Finish(number, {});
      return Finish(number, Fail(ErrorCode::Unavailable, "systemd did not make {}: {}", unit, result));
    }
  }

  void Silence(std::uint64_t number) {
    silent_until_ = clock_.Steady() + kPauseAfterSilence;
    Finish(number, Fail(ErrorCode::Timeout, "systemd did not answer within {} s", kDeadline.count()));
  }

  void Finish(std::uint64_t number, const Result<void>& result) {
    const auto at = pending_.find(number);
    if (at == pending_.end()) return;
    const Done done = std::move(at->second.done);
    const auto finished = pending_.extract(at);  // kept until the end: this may be the callback of its slot or timer
    if (pending_.empty()) job_removed_.reset();
    done(result);
  }

  void Forget(std::uint64_t number) {
    pending_.erase(number);
    if (pending_.empty()) job_removed_.reset();
  }

  EventLoop& loop_;
  const std::string address_;
  const Clock clock_;
  Bus bus_;
  Slot job_removed_;
  std::map<std::uint64_t, Pending> pending_;  ///< goes before the bus, whose slots they hold
  std::uint64_t last_ = 0;
  SteadyTime silent_until_{};
  std::shared_ptr<SdScopeMaker*> self_;
};

}  // namespace

std::unique_ptr<ScopeMaker> ScopeMaker::Make(EventLoop& loop, std::string address) {
  return std::make_unique<SdScopeMaker>(loop, std::move(address));
}

}  // namespace cmdsrv
