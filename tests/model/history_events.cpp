// What can happen in the life of a box, and how often.
#include <fmt/format.h>

#include "model/history.hpp"
#include "model/violation.hpp"

namespace cmdsrv::model {

using namespace std::chrono_literals;

const std::vector<History::Event>& History::Events() {
  static const std::vector<Event> events = {
      {"a Command comes", 90, &History::SubmitSome},
      {"a Command comes and the daemon dies", 8, &History::SubmitAndCrash},
      {"a Command cannot be recorded", 6, &History::SubmitRefused},
      {"a job is cancelled", 40, &History::CancelOne},
      {"a group is tried again", 40, &History::RetryOne},
      {"the loop runs a task", 350, &History::RunTask},
      {"the database writes", 250, &History::WriteOne},
      {"the database answers", 250, &History::AnswerOne},
      {"a step ends well", 90, &History::EndWell},
      {"a step ends badly", 25, &History::EndBadly},
      {"a step fails for now", 40, &History::FailForNow},
      {"the probe of the internet answers", 20, &History::AnswerNetwork},
      {"the network changes", 6, &History::ChangeNetwork},
      {"somebody finds the internet there", 4, &History::SeeInternet},
      {"a step cannot start", 6, &History::CannotStart},
      {"a step makes progress", 15, &History::Progress},
      {"a shim is killed", 15, &History::KillShim},
      {"a shim gets a TERM", 6, &History::TermShim},
      {"a forgotten shim gives up", 40, &History::GiveUp},
      {"a shim has ended its step", 60, &History::Obey},
      {"the daemon hears of an end", 180, &History::Tell},
      {"nothing is left of a lost run", 50, &History::EndHunt},
      {"time passes", 60, &History::PassTime},
      {"services answer", 40, &History::AnswerServices},
      {"the clock jumps", 6, &History::JumpClock},
      {"the disk is full or free again", 8, &History::DiskFull},
      {"starts are refused or not any more", 5, &History::RefuseStarts},
      {"a start throws", 3, &History::ThrowOnce},
      {"the daemon is killed", 12, &History::KillDaemon},
      {"the power is cut", 10, &History::CutPower},
      {"the daemon stops", 5, &History::StopCleanly},
      {"the daemon stops and ends its jobs", 4, &History::StopWithJobs},
      {"somebody looks", 15, &History::Look},
      {"somebody hears the news", 25, &History::HearNews},
  };
  return events;
}

JobPlan History::RandomPlan() {
  static const std::vector<std::string> kLocks = {"kiwix-library", "menus", "/media/usb0"};
  JobPlan plan;
  const std::size_t steps = 1 + random_.Below(4);
  const bool chain = !random_.OneIn(4);
  plan.ansible = random_.OneIn(6);
  if (random_.OneIn(6)) plan.service = {"kiwix", "active"};
  for (std::size_t i = 0; i < steps; ++i) {
    StepPlan step;
    step.argv = {"/usr/bin/step"};
    if (chain && i > 0) step.after = i - 1;
    if (random_.OneIn(3)) step.locks.push_back(kLocks[random_.Below(kLocks.size())]);
    step.restartable = !random_.OneIn(5);
    if (step.restartable && random_.OneIn(3)) step.retry = RetryPolicy::Temporary;
    if (i + 1 == steps && random_.OneIn(3)) step.merge = "kiwix-index";
    plan.steps.push_back(std::move(step));
  }
  return plan;
}

JobId History::RandomJob() {
  const auto& jobs = ledger_.Jobs();
  if (jobs.empty()) return {};
  auto at = jobs.begin();
  std::advance(at, random_.Below(jobs.size()));
  return at->first;
}

void History::Submit(JobPlan plan, const std::string& canonical) {
  auto reservation = board_->Reserve(canonical);
  bool active = false;
  for (const JobId id : ledger_.Unfinished()) active = active || ledger_.Of(id).options.canonical == canonical;
  Check(!active || !reservation, "\"{}\" is accepted although it is not finished", canonical);
  if (!reservation) return;
  const auto ids =
      board_->Submit({store_.NextCommandId(), canonical, clock_.Wall()}, std::move(plan), std::move(*reservation));
  if (ids) return ledger_.Promised(*ids);
  Check(ids.error().code == ErrorCode::NoSpace, "a Command is refused: {}", ids.error().message);
}

bool History::SubmitSome() {
  Submit(RandomPlan(), fmt::format("TEST-JOB {}", random_.OneIn(3) ? random_.Below(5) : 100 + ++next_command_));
  return true;
}

bool History::SubmitAndCrash() {
  store_.AtNextInsert(random_.OneIn(2) ? SimStore::AtInsert::CrashBefore : SimStore::AtInsert::CrashAfter);
  SubmitSome();
  store_.AtNextInsert(SimStore::AtInsert::Work);  // it was a duplicate
  return true;
}

bool History::SubmitRefused() {
  store_.AtNextInsert(SimStore::AtInsert::Refuse);
  SubmitSome();
  store_.AtNextInsert(SimStore::AtInsert::Work);
  return true;
}

bool History::CancelOne() {
  const JobId id = RandomJob();
  if (!id) return false;
  const auto answer = board_->Cancel(id);
  if (answer) ledger_.CancelAsked(id);
  return answer.has_value();
}

bool History::RetryOne() {
  JobId id = RandomJob();
  for (int i = 0; i < 8 && id && ledger_.Of(id).status != JobStatus::Failed; ++i) id = RandomJob();
  if (!id) return false;
  if (random_.OneIn(8)) store_.AtNextInsert(SimStore::AtInsert::CrashAfter);
  const auto ids = board_->Retry(id);
  store_.AtNextInsert(SimStore::AtInsert::Work);
  if (!ids) return false;
  ++totals_.retries;
  ledger_.Promised(*ids);
  return true;
}

bool History::RunTask() {
  if (!loop_->HasTask()) return false;
  loop_->RunTask();
  return true;
}

bool History::WriteOne() {
  if (!store_.HasWrite()) return false;
  store_.WriteNext(machine_.Alive());
  return true;
}

bool History::AnswerOne() {
  if (!store_.HasAnswer()) return false;
  store_.AnswerNext();
  return true;
}

bool History::EndWell() { return machine_.StepEnds(true); }
bool History::EndBadly() { return machine_.StepEnds(false); }
bool History::FailForNow() { return machine_.StepFailsForNow(); }
bool History::CannotStart() { return machine_.StepCannotStart(); }
bool History::Progress() { return machine_.StepProgresses(); }
bool History::KillShim() { return machine_.ShimIsKilled(); }
bool History::TermShim() { return machine_.ShimIsTold(); }
bool History::GiveUp() { return machine_.ShimGivesUp(); }
bool History::Obey() { return machine_.ShimObeys(); }
bool History::Tell() { return machine_.TellOfAnEnd(); }
bool History::EndHunt() { return machine_.HuntEnds(); }

bool History::PassTime() {
  const auto next = loop_->NextTimer();
  if (next && random_.OneIn(2)) {
    if (*next > clock_.Steady()) clock_.Advance(*next - clock_.Steady());
    return loop_->FireTimer();
  }
  clock_.Advance(std::chrono::seconds(random_.Below(30)));
  return true;
}

bool History::AnswerServices() {
  if (asked_.empty()) return false;
  const auto [needs, done] = std::move(asked_.front());
  asked_.erase(asked_.begin());
  std::vector<ServiceAnswer> answers;
  for (const ServiceNeed& need : needs)
    answers.push_back({need, peace_ || random_.OneIn(2), "kiwix-serve is inactive"});
  done(std::move(answers));
  return true;
}

bool History::AnswerNetwork() {
  if (probes_.empty()) return false;
  const auto done = std::move(probes_.front());
  probes_.erase(probes_.begin());
  done(peace_ || random_.OneIn(2));
  return true;
}

bool History::ChangeNetwork() {
  if (!network_changed_) return false;
  network_changed_();
  return true;
}

bool History::SeeInternet() {
  core_->InternetSeen();
  return true;
}

bool History::JumpClock() {
  const auto years = static_cast<long>(random_.Below(21)) - 10;
  clock_.wall += std::chrono::hours(years * 8766);
  return true;
}

bool History::DiskFull() {
  store_.SetFull(!store_.IsFull());
  return true;
}

bool History::RefuseStarts() {
  refusing_ = !refusing_;
  machine_.Refuse(refusing_);
  return true;
}

bool History::ThrowOnce() {
  machine_.ThrowAtNextStart();
  return true;
}

bool History::KillDaemon() {
  ++totals_.crashes;
  DropDaemon();
  store_.Kill();
  while (machine_.ShimGivesUp() && random_.OneIn(2)) {
  }
  if (random_.OneIn(3)) machine_.StepEnds(random_.OneIn(2));  // while nobody looks
  if (random_.OneIn(6)) machine_.ShimIsKilled();
  if (random_.OneIn(4)) options_.max_running = std::max(options_.max_running, 1 + static_cast<int>(random_.Below(4)));
  Boot();
  return true;
}

bool History::CutPower() {
  ++totals_.power_cuts;
  DropDaemon();
  machine_.PowerIsCut();
  store_.CutPower(random_);
  clock_.steady = SteadyTime{std::chrono::seconds(5 + random_.Below(60))};
  if (random_.OneIn(3)) clock_.wall = WallTime{std::chrono::seconds(1'500'000'000)};  // no battery for the clock
  if (random_.OneIn(3)) options_.max_running = 1 + static_cast<int>(random_.Below(4));
  Boot();
  return true;
}

bool History::StopCleanly() {
  if (store_.IsFull()) return false;
  DropDaemon();
  store_.CloseCleanly();
  Boot();
  return true;
}

bool History::StopWithJobs() {
  if (store_.IsFull()) return false;
  board_->Close();
  bool gone = false;
  core_->InterruptAll([&gone] { gone = true; });
  for (int i = 0; i < 200 && !gone; ++i) {
    if (loop_->HasTask() && random_.OneIn(2)) {
      loop_->RunTask();
    } else if (!machine_.TellOfAnEnd() && !machine_.ShimObeys() && store_.HasWrite()) {
      store_.WriteNext(machine_.Alive());
    } else if (store_.HasAnswer()) {
      store_.AnswerNext();
    }
  }
  return StopCleanly();
}

bool History::HearNews() {
  Listen();
  return true;
}

bool History::Look() {
  CheckViews();
  (void)board_->Active();
  const JobId id = RandomJob();
  if (id && board_->Find(id)) (void)board_->ReadLog(id, 0, 100);
  return true;
}

}  // namespace cmdsrv::model
