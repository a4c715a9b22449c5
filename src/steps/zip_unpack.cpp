// zip-unpack: the content of a downloaded archive into a directory of its own, the second step of three.
#include "base/text.hpp"
#include "platform/files.hpp"
#include "platform/trees.hpp"
#include "steps/options.hpp"
#include "steps/say.hpp"
#include "steps/step.hpp"
#include "steps/zip_plan.hpp"

namespace cmdsrv {
namespace {

struct Request {
  std::string name, zip;
  std::uint64_t size_k = 0;
};

Result<Request> ReadRequest(const Settings& settings, std::span<const std::string> arguments) {
  const auto options = Options::Parse(arguments, {{"--size-k", true}}, 1);
  if (!options) return Failure(options.error());
  const auto size_k = options->Number("--size-k", 0, 0);
  if (!size_k) return Failure(size_k.error());
  const auto zip = ZipName(settings.zim_download_prefix, options->Operands().front());
  if (!zip) return Failure(zip.error());
  return Request{options->Operands().front(), settings.zim_downloads_dir + *zip, static_cast<std::uint64_t>(*size_k)};
}

Result<ZipPlan> Plan(const Request& request) {
  const auto facts = Look(request.zip);
  if (!facts) return Fail(ErrorCode::NotFound, "there is no {}; install the ZIM again to download it", request.zip);
  auto plan = PlanZip(request.zip);
  if (!plan) return plan;
  if (auto fits = CheckCatalogSize(*plan, facts->bytes, request.size_k); !fits) return Failure(fits.error());
  return plan;
}

/// An archive that can never be unpacked goes: kept, it would be taken for a finished download the next time.
Failure GiveUp(const Request& request, const std::string& directory, const Error& error) {
  const bool hopeless = error.code == ErrorCode::Corrupt || error.code == ErrorCode::Refused;
  if (!hopeless) return Failure(error);
  const auto removed = RemoveFile(request.zip);
  (void)RemoveTree(directory);  // of no use without its archive; what cannot be removed goes with the next one
  return Fail(error.code, "cannot unpack {}: {}{}", request.zip, error.message,
              removed ? "; the archive is removed, installing it again downloads it again" : "");
}

}  // namespace

StepEnd ZipUnpack(const Context& context, std::span<const std::string> arguments) {
  const Settings& settings = context.settings;
  const auto request = ReadRequest(settings, arguments);
  if (!request) return Failure(request.error());
  const std::string locks = settings.run_lock_dir + "iiab-cmdsrv/";
  if (auto made = MakeDirectories(locks); !made) return Failure(made.error());
  const auto lock = FileLock::Take(fmt::format("{}zip-unpack-{}.lck", locks, request->name));
  if (!lock) return Failure(lock.error());
  const std::string directory = settings.zim_working_dir + request->name + "/";
  const auto plan = Plan(*request);
  if (!plan) return GiveUp(*request, directory, plan.error());
  const std::size_t files = plan->files.size();
  const double bytes = static_cast<double>(plan->bytes);
  if (auto done = UnpackTree(request->zip, directory, *plan, PortableZim()); !done)
    return GiveUp(*request, directory, done.error());
  return fmt::format("unpacked {}: {} files, {}", request->zip, files, HumanSize(bytes));
}

}  // namespace cmdsrv
