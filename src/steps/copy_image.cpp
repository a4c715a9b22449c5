// copy-image: all of the box onto another card or stick. What is on that one is lost, so it is looked at once more.
#include "base/text.hpp"
#include "content/removable_disks.hpp"
#include "steps/options.hpp"
#include "steps/program.hpp"
#include "steps/say.hpp"
#include "steps/step.hpp"

namespace cmdsrv {

StepEnd CopyImage(const Context& context, std::span<const std::string> arguments) {
  const auto options = Options::Parse(arguments, {}, 1);
  if (!options) return Failure(options.error());
  const std::string& device = options->Operands().front();
  const auto program = context.root.FindActingProgram("/usr/sbin/piclone_cmd");
  if (!program) return Fail(ErrorCode::Unavailable, "there is no piclone_cmd; install the package piclone");
  const auto disks = ReadDisks(context.root);
  if (!disks) return Failure(disks.error());
  const Disk* disk = FindRemovable(*disks, device, context.root);
  if (disk == nullptr)
    return Fail(ErrorCode::NotFound, "there is no removable disk {} any more", EscapeControls(device));
  if (!disk->mount_points.empty())
    return Fail(ErrorCode::Stated, "{} is in use: {} is mounted", device, EscapeControls(disk->mount_points.front()));
  Say("copying the box to {}, {}", device, HumanSize(static_cast<double>(disk->bytes)));
  EndRequests requests;
  Watch watch;
  watch.on_line = [](std::string_view line) { SayLine(line); };
  const auto end = RunWatched(context, {*program, device}, watch, requests);
  requests.EndIfAsked();
  if (!end) return Failure(end.error());
  if (!end->exited || end->status != 0) return Fail(ErrorCode::Io, "piclone_cmd ended with {}", Describe(*end));
  return fmt::format("copied the box to {}", device);
}

}  // namespace cmdsrv
