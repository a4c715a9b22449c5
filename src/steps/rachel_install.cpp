// rachel-install: the unpacked RACHEL moves into use; the last step. Before the first move a note is written, so that a
// run after a power cut can tell its own half from a RACHEL that was there before.
#include "platform/files.hpp"
#include "platform/trees.hpp"
#include "steps/options.hpp"
#include "steps/rachel.hpp"
#include "steps/say.hpp"
#include "steps/step.hpp"

namespace cmdsrv {
namespace {

constexpr std::size_t kVersionLimit = 4096;

class Installation {
 public:
  Installation(const RachelPlaces& places, const std::string& version)
      : version_(version),
        working_(places.directory),
        installed_(places.installed),
        note_(working_ + ".installing"),
        ours_(Look(note_).has_value()) {}

  StepEnd Run() {
    if (IsDone()) return Finish(version_ + " of RACHEL is installed already");
    if (!Look(working_ + "www") && !ours_)
      return Fail(ErrorCode::NotFound, "there is no RACHEL in {}, so there is nothing to install", working_);
    if (Look(installed_ + "www") && !ours_) return Decline();
    auto moved = MakeDirectories(installed_)
                     .and_then([&] { return WriteFileAtomically(note_, version_ + "\n"); })
                     .and_then([&] { return Move("bin"); })
                     .and_then([&] { return PrepareWww(); })
                     .and_then([&] { return Move("www"); })
                     .and_then([&] { return WriteFileAtomically(installed_ + "version", version_ + "\n"); });
    if (!moved) return Failure(moved.error());
    if (!IsDone()) return Fail(ErrorCode::Io, "RACHEL is not in {}", installed_);
    return Finish(fmt::format("{} of RACHEL is installed in {}", version_, installed_));
  }

 private:
  /// Everything is in its place, but for what is left of the working directory.
  bool IsDone() const {
    const auto version = ReadFile(installed_ + "version", kVersionLimit);
    return version && *version == version_ + "\n" && Look(installed_ + "www") && !Look(working_ + "www");
  }

  StepEnd Finish(std::string sentence) const {
    if (const auto removed = RemoveTree(working_); !removed) return Failure(removed.error());
    return sentence;
  }

  StepEnd Decline() const {
    if (const auto removed = RemoveTree(working_); !removed) Say("warning: {}", removed.error().message);
    return Fail(ErrorCode::Refused, "{}www exists already; what was unpacked is removed", installed_);
  }

  /// Modules that an administrator switches off are moved here.
  Result<void> PrepareWww() const {
    return Look(working_ + "www") ? MakeDirectories(working_ + "www/modules.out") : Result<void>{};
  }

  /// A part that is in both places was copied across file systems, and the run ended before it could remove the
  /// source; `bin` may also be left of an older installation.
  Result<void> Move(const std::string& part) const {
    const std::string from = working_ + part;
    const std::string to = installed_ + part;
    if (!Look(from)) return {};
    if (Look(to) && part == "www") return RemoveTree(from).map([](bool) {});
    if (const auto removed = RemoveTree(to); !removed) return Failure(removed.error());
    Say("moving {} into use", part);
    return MoveTreeDurably(from, to);
  }

  const std::string& version_;
  const std::string working_, installed_, note_;
  const bool ours_;
};

}  // namespace

/// 2 means, as it always did, that there is a RACHEL already.
int RachelInstallStatus(ErrorCode code) { return code == ErrorCode::Refused ? 2 : 1; }

StepEnd RachelInstall(const Context& context, std::span<const std::string> arguments) {
  const auto options = Options::Parse(arguments, {}, 1);
  if (!options) return Failure(options.error());
  const auto places = PlacesOf(context, options->Operands().front());
  if (!places) return Failure(places.error());
  return Installation(*places, options->Operands().front()).Run();
}

}  // namespace cmdsrv
