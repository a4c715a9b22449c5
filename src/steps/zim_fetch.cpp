// zim-fetch: a ZIM from the internet.
#include "platform/files.hpp"
#include "steps/fetch.hpp"
#include "steps/zim_proof.hpp"

namespace cmdsrv {

StepEnd ZimFetch(const Context& context, std::span<const std::string> arguments) {
  auto request = ReadFetchRequest(arguments, Metalinks::Used);
  if (!request) return Failure(request.error());
  const std::string file = request->file_ref + ".zim";
  const std::string installed = context.settings.zim_dir + "content/" + file;
  const ProofDemands demands{0, request->size_k, {}};
  const auto needless = [file, installed, demands]() -> std::optional<std::string> {
    if (!Look(installed) || !LookAtZim(installed, demands)) return std::nullopt;
    return file + " is in the library already";
  };
  FetchGoal goal{.directory = context.settings.zim_working_dir,
                 .file = file,
                 .lock_prefix = "zim-fetch",
                 .needless = needless,
                 .prove = ProveZim};
  return FetchFile(context, *std::move(request), std::move(goal));
}

}  // namespace cmdsrv
