#include "commands/network_guard.hpp"

#include <time.h>

#include <algorithm>

#include "base/log.hpp"
#include "platform/files.hpp"

namespace cmdsrv {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr log::Domain kCommands{"commands"};
constexpr std::string_view kHealthPart = "network_change";
constexpr int kMostTries = 10;
constexpr seconds kBetweenTries{30};  // at boot the programs of the way back may not be ready yet
constexpr int kVersion = 1;

/// Since the boot, the time in which the box slept included: a jump of the wall clock does not matter.
milliseconds SinceBoot() {
  timespec now{};
  (void)::clock_gettime(CLOCK_BOOTTIME, &now);
  return std::chrono::duration_cast<milliseconds>(seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec));
}

}  // namespace

NetworkGuard::NetworkGuard(const Settings& settings, const Root& root, const HostPrograms& programs,
                           HealthBoard& health, TimerThread& timers)
    : settings_(settings),
      root_(root),
      programs_(programs),
      health_(health),
      timers_(timers),
      path_(settings.state_dir + "network-change.json") {}

NetworkGuard::Change::~Change() {
  if (guard_ != nullptr) (void)guard_->EndUnkept();
}

Result<void> NetworkGuard::Change::Arm(WayBack way, std::optional<seconds> confirm_within) {
  const std::scoped_lock lock(guard_->mutex_);
  guard_->way_ = std::move(way);
  guard_->confirm_within_ = confirm_within;
  if (!confirm_within) return {};
  // A server that ends before the change is kept has nobody who could confirm it: time is up already.
  if (auto written = guard_->Write(milliseconds(0)); !written) {
    guard_->way_.clear();
    guard_->confirm_within_.reset();
    log::Error(kCommands, "{}", written.error().message);
    return Fail(ErrorCode::Refused, "Unable to write down the way back, so nothing was changed.");
  }
  return {};
}

Result<void> NetworkGuard::Change::Keep() {
  NetworkGuard& guard = *guard_;
  {
    const std::scoped_lock lock(guard.mutex_);
    if (!guard.confirm_within_) {
      guard.way_.clear();
      guard.state_ = State::Idle;
      guard_ = nullptr;
      return {};
    }
    guard.until_ = SinceBoot() + *guard.confirm_within_;
    const auto written = guard.Write(guard.until_);
    if (written) {
      guard.state_ = State::Waiting;
      guard.GoBackLater(*guard.confirm_within_);
      guard_ = nullptr;
      log::Info(kCommands, "{} goes back in {} s unless it is confirmed", guard.verb_, guard.confirm_within_->count());
      return {};
    }
    log::Error(kCommands, "{}", written.error().message);
  }
  (void)GoBack();
  return Fail(ErrorCode::Refused, "Unable to write down the time to confirm, so the change was taken back.");
}

void NetworkGuard::Change::Drop() {
  {
    const std::scoped_lock lock(guard_->mutex_);
    guard_->way_.clear();
  }
  (void)GoBack();
}

std::vector<WayBackAct::Kind> NetworkGuard::Change::GoBack() { return std::exchange(guard_, nullptr)->EndUnkept(); }

Result<NetworkGuard::Change> NetworkGuard::Begin(std::string_view verb) {
  const std::scoped_lock lock(mutex_);
  switch (state_) {
    case State::Idle: break;
    case State::UnderWay:
    case State::GoingBack:
      return Fail(ErrorCode::Refused, "The network is being changed already. Try again in a minute.");
    case State::Waiting:
      return Fail(ErrorCode::Refused,
                  "A change of the network waits to be confirmed. Send CONFIRM-NETWORK, or wait until it goes back.");
    case State::Stuck:
      return Fail(ErrorCode::Refused,
                  "A change of the network could not be taken back. Send CONFIRM-NETWORK to keep what is there.");
  }
  state_ = State::UnderWay;
  verb_ = verb;
  way_.clear();
  confirm_within_.reset();
  tries_ = 0;
  return Change(this);
}

/// The handler gave up, or something threw: what was done so far is undone.
std::vector<WayBackAct::Kind> NetworkGuard::EndUnkept() {
  WayBack way;
  bool on_disk = false;
  {
    const std::scoped_lock lock(mutex_);
    state_ = State::GoingBack;
    way.swap(way_);
    on_disk = confirm_within_.has_value();
  }
  auto failed = Walk(way, programs_, settings_);
  if (on_disk && failed.empty()) {  // otherwise the next start tries again
    if (auto removed = Remove(); !removed) log::Error(kCommands, "{}", removed.error().message);
  }
  const std::scoped_lock lock(mutex_);
  state_ = State::Idle;
  return failed;
}

Result<void> NetworkGuard::Confirm(bool keep) {
  const std::scoped_lock lock(mutex_);
  if (state_ == State::UnderWay || state_ == State::GoingBack)
    return Fail(ErrorCode::Refused, "The network is being changed or going back just now.");
  if (state_ == State::Idle) return Fail(ErrorCode::Refused, "No change of the network waits to be confirmed.");
  if (!keep) {
    (void)timers_.Drop(timer_);
    state_ = State::Waiting;
    tries_ = 0;
    GoBackLater(milliseconds(0));
    return {};
  }
  if (auto removed = Remove(); !removed) {
    log::Error(kCommands, "{}", removed.error().message);
    return Fail(ErrorCode::Refused, "Unable to write down that the change is confirmed.");
  }
  (void)timers_.Drop(timer_);
  health_.Set(std::string(kHealthPart), PartState::Good);
  log::Info(kCommands, "{} is confirmed", verb_);
  state_ = State::Idle;
  way_.clear();
  return {};
}

std::optional<NetworkGuard::Waiting> NetworkGuard::Unconfirmed() const {
  const std::scoped_lock lock(mutex_);
  if (state_ != State::Waiting) return std::nullopt;
  const auto left = std::chrono::ceil<seconds>(until_ - SinceBoot());
  return Waiting{verb_, std::max(left, seconds(0))};
}

/// With the lock held.
void NetworkGuard::GoBackLater(milliseconds delay) {
  timer_ = timers_.After(delay, [this] { GoBack(); });
}

void NetworkGuard::GoBack() {
  WayBack way;
  {
    const std::scoped_lock lock(mutex_);
    if (state_ != State::Waiting) return;  // confirmed at the last moment
    state_ = State::GoingBack;
    way = way_;
    log::Warning(kCommands, "{} was not confirmed and goes back", verb_);
  }
  const bool whole = Walk(way, programs_, settings_).empty();
  const auto removed = whole ? Remove() : Result<void>{};
  const std::scoped_lock lock(mutex_);
  if (!removed) log::Error(kCommands, "{}", removed.error().message);  // it goes back once more at the next start
  if (whole) {
    log::Info(kCommands, "{} went back", verb_);
    health_.Set(std::string(kHealthPart), PartState::Good);
    state_ = State::Idle;
    return way_.clear();
  }
  if (++tries_ < kMostTries) {
    state_ = State::Waiting;
    return GoBackLater(kBetweenTries);
  }
  state_ = State::Stuck;
  health_.Set(std::string(kHealthPart), PartState::Broken,
              fmt::format("{} was not confirmed and could not be taken back; the log says why. The next start of the "
                          "server tries again; CONFIRM-NETWORK keeps what is there",
                          verb_));
}

/// With the lock held. `until` is on the clock of this boot.
Result<void> NetworkGuard::Write(milliseconds until) const {
  const json::object state{{"version", kVersion},
                           {"verb", verb_},
                           {"boot", BootId()},
                           {"until_ms", until.count()},
                           {"way_back", DescribeWayBack(way_)}};
  if (auto made = MakeDirectories(settings_.state_dir, 0700); !made) return made;
  return WriteFileAtomically(path_, PrintJson(state), {.mode = 0600});
}

Result<void> NetworkGuard::Remove() const {
  return RemoveFile(path_).and_then([this](bool) { return SyncDirectory(settings_.state_dir); });
}

void NetworkGuard::TakeUp() {
  const auto text = ReadFile(path_);
  if (!text && text.error().code == ErrorCode::NotFound) return;
  const auto state = text.and_then([](const std::string& read) { return ParseJson(read); });
  if (state && state->is_object()) return TakeUp(state->get_object());
  const std::string why = state ? "it is no object" : state.error().message;
  log::Error(kCommands, "cannot read {}: {}; an unconfirmed change of the network stays", path_, why);
  health_.Set(std::string(kHealthPart), PartState::Broken,
              fmt::format("{} cannot be read, so an unconfirmed change of the network stays; look at the network, then "
                          "remove the file",
                          path_));
}

void NetworkGuard::TakeUp(const json::object& left_behind) {
  const json::value* acts = left_behind.if_contains("way_back");
  auto way = acts != nullptr ? ReadWayBack(*acts, root_) : Fail(ErrorCode::Corrupt, "there is no way back in it");
  const json::value* until = left_behind.if_contains("until_ms");
  const std::scoped_lock lock(mutex_);
  if (!way || until == nullptr || !until->is_int64()) {
    log::Error(kCommands, "cannot use {}: {}", path_, way ? "there is no time in it" : way.error().message);
    return health_.Set(std::string(kHealthPart), PartState::Broken,
                       path_ + " cannot be used, so an unconfirmed change of the network stays; remove the file");
  }
  const bool same_boot = TextMember(left_behind, "boot") == BootId();
  verb_ = TextMember(left_behind, "verb");
  way_ = std::move(*way);
  until_ = same_boot ? milliseconds(until->get_int64()) : milliseconds(0);
  state_ = State::Waiting;
  const auto left = std::clamp(until_ - SinceBoot(), milliseconds(0), milliseconds(seconds(3600)));
  log::Info(kCommands, "{} was not confirmed yet and goes back in {} s", verb_,
            std::chrono::ceil<seconds>(left).count());
  GoBackLater(left);
}

}  // namespace cmdsrv
