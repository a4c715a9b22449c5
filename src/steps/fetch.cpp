#include "steps/fetch.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/text.hpp"
#include "platform/files.hpp"
#include "steps/fetch_growth.hpp"
#include "steps/fetch_part.hpp"
#include "steps/fetch_program.hpp"
#include "steps/fetch_request.hpp"
#include "steps/fetch_source.hpp"
#include "steps/program.hpp"
#include "steps/say.hpp"

namespace cmdsrv {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Steady = std::chrono::steady_clock;

constexpr int kAttempts = 50;  ///< in one run, whatever they brought
/// Tries while no host answers: the server that runs this step waits better, it hears when the network is back.
constexpr int kTriesWithoutNetwork = 2;
constexpr seconds kLongestPause{4};
constexpr int kWgetNetwork = 4;  ///< its exit status

/// How one try ended.
struct Try {
  enum class Kind { Complete, TryAgain, GiveUp } kind = Kind::TryAgain;
  std::string why;
  bool fruitful = false;                ///< there are more bytes than before
  bool no_network = false;              ///< no host could be reached
  ErrorCode code = ErrorCode::Refused;  ///< when it gives up
};

class Fetch {
 public:
  Fetch(const Context& context, FetchRequest request, FetchGoal goal)
      : context_(context),
        request_(std::move(request)),
        goal_(std::move(goal)),
        part_(goal_.directory, goal_.file),
        stall_s_(context.settings.fetch_stall_s) {}

  StepEnd Run() {
    if (auto ready = TakePlace(); !ready) return Failure(ready.error());
    if (auto there = AlreadyThere(); there) return *there;
    int fruitless = 0;
    int silent = 0;
    seconds pause{1};
    for (int attempt = 1; attempt <= kAttempts; ++attempt) {
      Try tried = TryOnce();
      requests_.EndIfAsked();
      if (tried.kind == Try::Kind::Complete) return Finish();
      why_ = tried.why;
      if (tried.kind == Try::Kind::GiveUp) return GaveUp(tried.code);
      silent = tried.no_network ? silent + 1 : 0;
      fruitless = tried.fruitful ? 1 : fruitless + 1;
      if (tried.fruitful) pause = seconds(1);
      if (silent >= kTriesWithoutNetwork) break;
      if (fruitless >= request_.tries) break;
      Say("{}; trying again in {} s", why_, pause.count());
      requests_.WaitFor(pause);
      requests_.EndIfAsked();
      pause = std::min(pause * 2, kLongestPause);
    }
    return GaveUp(silent > 0 ? ErrorCode::NoNetwork : ErrorCode::TryLater);
  }

 private:
  // Preparation.
  Result<void> TakePlace();
  std::optional<std::string> AlreadyThere();
  Result<void> LockPart();

  // One try.
  Try TryOnce();
  Result<void> CheckSpace() const;
  Result<FetchCall> ChooseTool() const;
  Try Download(const FetchCall& call);
  Try AfterProgram(const FetchCall& call, const ProgramEnd& end, const FetchLines& lines, seconds silent,
                   bool fruitful);
  Try FindPlaceAgain();
  Try Prove();
  Try AfterWrongContent(const Proof& proof);

  ProofDemands Demands() const { return {source_.metalink.size, request_.size_k, source_.sha256}; }
  StepEnd Finish();
  StepEnd GaveUp(ErrorCode code) const;

  const Context& context_;
  const FetchRequest request_;
  const FetchGoal goal_;
  FetchPart part_;
  const long stall_s_;
  EndRequests requests_;
  UniqueFd lock_;  ///< inherited by the download program, so that no second one ever writes into the same part
  FetchSource source_;
  std::size_t mirror_ = 0;
  std::uint64_t most_ = 0;  ///< bytes that were there after any try; only more than that is progress
  bool repair_ = false;     ///< the next aria2 run proves the pieces that are there
  int wrong_contents_ = 0;
  std::string why_;
};

Result<void> Fetch::TakePlace() {
  if (auto made = MakeDirectories(part_.Directory()); !made) return made;
  return LockPart();
}

/// A program that survived its step (kill -9 of the step alone) still holds the lock: it is ended first.
Result<void> Fetch::LockPart() {
  const std::string directory = context_.settings.run_lock_dir + "iiab-cmdsrv/";
  if (auto made = MakeDirectories(directory); !made) return made;
  const std::string path = fmt::format("{}{}-{}.lck", directory, goal_.lock_prefix, request_.file_ref);
  lock_.Reset(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!lock_) return FailFromErrno(errno, "open " + path);
  if (::flock(lock_.Get(), LOCK_EX | LOCK_NB) == 0) return {};
  const auto program = part_.NotedProgram();
  if (program && IsAlive(*program)) {
    Say("ending the download program that an earlier run left behind");
    if (const auto pidfd = OpenProcess(*program)) ::kill(-program->pid, SIGKILL);
  }
  const auto end = Steady::now() + seconds(10);
  do {
    if (::flock(lock_.Get(), LOCK_EX | LOCK_NB) == 0) return {};
    requests_.EndIfAsked();
  } while (!requests_.WaitFor(milliseconds(50)) && Steady::now() < end);
  requests_.EndIfAsked();
  return Fail(ErrorCode::Busy, "{} is being downloaded by another program", goal_.file);
}

/// A proven file in the directory, or what it was wanted for in the library. A file in the directory that is not proven
/// was begun by an older program and becomes the part.
std::optional<std::string> Fetch::AlreadyThere() {
  if (auto done = goal_.needless ? goal_.needless() : std::nullopt) return done;
  if (!Look(part_.FinalPath())) return std::nullopt;
  if (goal_.prove(part_.FinalPath(), {0, request_.size_k, request_.sha256})) {
    if (const auto removed = part_.RemoveBeside(); !removed) Say("warning: {}", removed.error().message);
    return goal_.file + " is downloaded already";
  }
  Say("{} is there but not complete: going on with it", goal_.file);
  if (const auto removed = part_.RemoveAll(); !removed) Say("warning: {}", removed.error().message);
  if (const auto moved = MoveFileDurably(part_.FinalPath(), part_.PartPath()); !moved)
    Say("warning: {}", moved.error().message);
  return std::nullopt;
}

Try Fetch::TryOnce() {
  const net::Deadlines deadlines{30, stall_s_, 0};
  auto source = LookUp(request_, deadlines);
  if (!source) {
    const ErrorCode code = source.error().code;
    const bool passing = code == ErrorCode::NoNetwork || code == ErrorCode::Timeout || code == ErrorCode::TryLater;
    return {passing ? Try::Kind::TryAgain : Try::Kind::GiveUp, source.error().message, false,
            code == ErrorCode::NoNetwork};
  }
  source_ = *std::move(source);
  std::ranges::rotate(source_.metalink.urls, source_.metalink.urls.begin() +
                                                 static_cast<std::ptrdiff_t>(mirror_ % source_.metalink.urls.size()));
  if (const auto changed = part_.Reconcile(source_); !changed) return {Try::Kind::GiveUp, changed.error().message};
  if (const auto space = CheckSpace(); !space)
    return {.kind = Try::Kind::GiveUp, .why = space.error().message, .code = ErrorCode::NoSpace};
  const std::uint64_t size = source_.metalink.size;
  if (size != 0 && part_.Bytes() == size && !part_.HasControlFile() && !repair_) return Prove();
  if (size != 0 && part_.Bytes() > size && !part_.HasControlFile()) {
    Say("what is there is longer than the file on the server: starting over");
    if (const auto removed = part_.RemoveAll(); !removed) return {Try::Kind::GiveUp, removed.error().message};
  }
  const auto call = ChooseTool();
  if (!call) return {Try::Kind::GiveUp, call.error().message};
  return Download(*call);
}

Result<void> Fetch::CheckSpace() const {
  const std::uint64_t size = source_.metalink.size != 0 ? source_.metalink.size : request_.size_k * 1024;
  const std::uint64_t wanted = size + size / 20;
  const std::uint64_t there = part_.Allocated();
  const auto space = SpaceAt(part_.Directory());
  if (!space || wanted <= there || space->available_bytes >= wanted - there) return {};
  return Fail(ErrorCode::NoSpace, "there is not enough space in {}: {} more are needed and {} are free",
              part_.Directory(), HumanSize(static_cast<double>(wanted - there)),
              HumanSize(static_cast<double>(space->available_bytes)));
}

/// aria2c where a metalink offers mirrors, and where it has begun: its part has holes that wget would take for content.
Result<FetchCall> Fetch::ChooseTool() const {
  const auto aria2 = context_.root.FindProgram("aria2c");
  const auto wget = context_.root.FindProgram("wget");
  if (!aria2 && !wget)
    return Fail(ErrorCode::Unavailable, "neither aria2c nor wget is installed; install the package aria2");
  const bool wants_aria2 = source_.from_metalink || part_.HasControlFile() || repair_;
  if (aria2 && (wants_aria2 || !wget)) return FetchCall{FetchTool::Aria2, *aria2, stall_s_, repair_, 0};
  return FetchCall{FetchTool::Wget, *wget, stall_s_, false, 0};
}

Try Fetch::Download(const FetchCall& call) {
  if (call.tool == FetchTool::Aria2) {
    if (const auto written =
            WriteFileAtomically(part_.MetalinkPath(), PrintMetalink(source_.metalink, part_.PartName()));
        !written)
      return {Try::Kind::GiveUp, written.error().message};
  } else if (part_.HasControlFile()) {
    Say("the part was begun by aria2c, which is not installed any more: starting over");
    if (const auto removed = part_.RemoveAll(); !removed) return {Try::Kind::GiveUp, removed.error().message};
  }
  if (part_.Bytes() > 0) Say("going on with {} that are there", HumanSize(static_cast<double>(part_.Allocated())));
  FetchLines lines;
  Growth growth(part_, call.tool, lines, source_.metalink.size, seconds(stall_s_));
  Watch watch;
  watch.on_line = [&](std::string_view line) { lines.Add(call.tool, line); };
  watch.on_second = [&] { return growth.GoesOn(); };
  watch.descriptors = {lock_.Get()};
  watch.on_start = [&](pid_t pid) { (void)part_.NoteProgram(pid); };
  const auto end = RunWatched(context_, FetchArguments(call, source_, part_), watch, requests_);
  if (!end) return {Try::Kind::GiveUp, end.error().message};
  repair_ = false;
  const std::uint64_t there = growth.AtTheEnd();
  const bool fruitful = there > most_;
  most_ = std::max(most_, there);
  // wget says nothing when its own patience ends; growth is noticed up to a second late.
  const seconds patience(MirrorPatience(stall_s_));
  const bool wget_waited =
      call.tool == FetchTool::Wget && end->status == kWgetNetwork && growth.Silence() + seconds(1) >= patience;
  const seconds silent = growth.Stalled() ? seconds(stall_s_) : wget_waited ? patience : seconds(0);
  return AfterProgram(call, *end, lines, silent, fruitful);
}

Try Fetch::AfterProgram(const FetchCall& call, const ProgramEnd& end, const FetchLines& lines, seconds silent,
                        bool fruitful) {
  if (end.asked) return {Try::Kind::TryAgain, "the download was asked to stop"};
  if (silent > seconds(0)) {
    ++mirror_;
    const std::string problem = fruitful ? std::string() : lines.Problem();
    return {Try::Kind::TryAgain,
            problem.empty() ? fmt::format("the line stalled: no data for {} s", silent.count()) : problem, fruitful};
  }
  if (lines.DiskFull() || (call.tool == FetchTool::Wget && end.exited && end.status == 3) ||
      (call.tool == FetchTool::Aria2 && end.exited && end.status == 9))
    return {.kind = Try::Kind::GiveUp,
            .why = fmt::format("cannot write {}: the disk is full", part_.PartPath()),
            .code = ErrorCode::NoSpace};
  if (lines.LostItsPlace()) return FindPlaceAgain();
  if (end.exited && end.status == 0) return Prove();
  ++mirror_;
  // The hash of a piece is wrong at all mirrors, or aria2c would have gone on with another one.
  if (lines.WrongHash() && ++wrong_contents_ > 1) return {Try::Kind::GiveUp, lines.Problem()};
  if (lines.CannotResume()) {
    Say("the server cannot resume: starting over");
    if (const auto removed = part_.RemoveAll(); !removed) return {Try::Kind::GiveUp, removed.error().message};
  }
  // Only when every mirror says so: one that lacks the file is no reason to give up on the others.
  const bool hopeless = lines.IsHopeless() && (call.tool == FetchTool::Aria2 || source_.metalink.urls.size() == 1);
  std::string why = lines.Problem();
  if (why.empty()) {
    why = end.exited && (end.status == kWgetNetwork || end.status == 0)
              ? "the line broke off"
              : fmt::format("{} ended with {}", call.tool == FetchTool::Wget ? "wget" : "aria2c", Describe(end));
  }
  return {hopeless ? Try::Kind::GiveUp : Try::Kind::TryAgain, std::move(why), fruitful};
}

/// Nobody knows which pieces of the part are there. Where they have hashes aria2c finds out; otherwise it is of no use.
Try Fetch::FindPlaceAgain() {
  repair_ = !source_.metalink.pieces.empty();
  const auto removed = repair_ ? part_.RemoveControlFile() : part_.RemoveAll();
  if (!removed) return {Try::Kind::GiveUp, removed.error().message};
  return {Try::Kind::TryAgain, repair_ ? "aria2c lost its place; proving piece by piece what is there"
                                       : "aria2c lost its place; starting over"};
}

Try Fetch::Prove() {
  const Proof proof = goal_.prove(part_.PartPath(), Demands());
  if (proof) return {Try::Kind::Complete, {}};
  if (proof.failure == ProofFailure::Unreadable) return {Try::Kind::GiveUp, proof.message};
  return AfterWrongContent(proof);
}

/// The content is wrong although the transfer ended well. With hashes of its pieces the wrong ones are fetched again;
/// otherwise all of it, from another mirror. A second wrong content is the truth about the server, and so is the first
/// when no damage on the line explains it.
Try Fetch::AfterWrongContent(const Proof& proof) {
  ++wrong_contents_;
  ++mirror_;
  const bool page = proof.failure == ProofFailure::WebPage;
  const bool can_repair = !page && proof.failure != ProofFailure::WrongKind && !source_.metalink.pieces.empty() &&
                          context_.root.FindProgram("aria2c").has_value();
  if (wrong_contents_ == 1 && can_repair) {
    repair_ = true;
    return {Try::Kind::TryAgain, proof.message};
  }
  if (const auto removed = part_.RemoveAll(); !removed) return {Try::Kind::GiveUp, removed.error().message};
  if (proof.failure == ProofFailure::Unfit) return {Try::Kind::GiveUp, proof.message};
  // The page of a login goes away when somebody logs in; that is worth all attempts.
  return {page || wrong_contents_ == 1 ? Try::Kind::TryAgain : Try::Kind::GiveUp, proof.message};
}

StepEnd Fetch::Finish() {
  if (const auto accepted = part_.Accept(); !accepted) return Failure(accepted.error());
  return fmt::format("downloaded and proved {}", goal_.file);
}

StepEnd Fetch::GaveUp(ErrorCode code) const {
  const std::uint64_t kept = part_.Allocated();
  return Fail(code, "cannot download {}: {}{}", goal_.file, why_,
              kept > 0 ? fmt::format("; {} are kept for the next try", HumanSize(static_cast<double>(kept))) : "");
}

}  // namespace

StepEnd FetchFile(const Context& context, FetchRequest request, FetchGoal goal) {
  return Fetch(context, std::move(request), std::move(goal)).Run();
}

}  // namespace cmdsrv
