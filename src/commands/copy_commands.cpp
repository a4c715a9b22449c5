#include <fcntl.h>
#include <sys/stat.h>

#include <map>

#include "base/names.hpp"
#include "commands/devices.hpp"
#include "commands/handlers.hpp"
#include "commands/space_needs.hpp"
#include "content/zim_names.hpp"
#include "platform/files.hpp"
#include "platform/tree_walk.hpp"

namespace cmdsrv {
namespace {

/// The old server gave these texts without its verb.
Failure Say(std::string_view text) { return Fail(ErrorCode::Stated, "{} .", text); }

/// The regular files that make up a ZIM, with their bytes.
using ZimFiles = std::map<std::string, std::uint64_t>;

ZimFiles FilesOf(const Device& device, const std::string& file_ref, const Settings& settings) {
  ZimFiles found;
  const auto content = OpenPlace(device, Place::Zims, settings);
  const auto files = content ? NamesIn(*content) : Failure(content.error());
  if (!files) return found;
  for (const std::string& file : *files) {
    struct stat facts {};
    if (WholeZimName(file) != file_ref + ".zim" ||
        ::fstatat(content->Get(), file.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(facts.st_mode))
      continue;
    found[file] = static_cast<std::uint64_t>(facts.st_size);
  }
  return found;
}

bool HasIndex(const Device& device, const std::string& file_ref, const Settings& settings) {
  const auto indexes = OpenPlace(device, Place::Indexes, settings);
  return indexes && OpenBeneath(indexes->Get(), file_ref + ".zim.idx", O_RDONLY | O_DIRECTORY).has_value();
}

/// Room for all of it, less what a copy that broke off has left there.
SpaceNeeds NeedsOfCopy(const ZimFiles& files, const Device& dest, const std::string& file_ref,
                       const Services& services) {
  const Settings& settings = services.settings;
  SpaceNeeds needs(FloorOf(settings, services.root));
  std::uint64_t bytes = 0;
  for (const auto& [file, size] : files) bytes += size;
  if (dest.IsInternal()) {
    const std::string content = settings.zim_dir + "content/";
    needs.AddFetch(settings.zim_working_dir, bytes, {settings.zim_working_dir + file_ref});
    needs.AddMove(settings.zim_working_dir, content, bytes, content + file_ref + ".zim");
    return needs;
  }
  const ZimFiles there = FilesOf(dest, file_ref, settings);
  const std::string content = PathOf(dest, Place::Zims, settings) + "/";
  std::vector<std::string> places;
  for (const auto& [file, size] : files) {
    const auto old = there.find(file);
    // A file of another size is replaced, and until then both are there.
    if (old == there.end() || old->second == size) places.push_back(content + file);
    places.push_back(fmt::format("{}{}/{}", content, kPartialDirectory, file));
  }
  needs.AddFetch(dest.path, bytes, places);
  return needs;
}

JobPlan Plan(const Device& source, const Device& dest, const std::string& file_ref, bool with_index) {
  const std::string lock = "zim:" + file_ref;
  const std::vector<std::string> locks{lock, dest.IsInternal() ? source.name : dest.name};
  JobPlan plan;
  const auto add = [&](std::vector<std::string> step, std::vector<std::string> own_locks) {
    plan.steps.push_back(PlanOwnStep(std::move(step), std::move(own_locks)));
    if (plan.steps.size() > 1) plan.steps.back().after = plan.steps.size() - 2;
  };
  add({"copy-zim", "--from", source.name, "--to", dest.name, "--", file_ref}, locks);
  if (with_index) add({"copy-zim", "--from", source.name, "--to", dest.name, "--index", "--", file_ref}, locks);
  if (dest.IsInternal()) add({"zip-install", "--", file_ref}, {lock, "kiwix-library", "menus"});
  return plan;
}

}  // namespace

Result<Outcome> CopyZims(const Arguments& arguments, Services& services) {
  const auto source = ReadDevice(*arguments.Text("source"), services.root);
  const auto dest = ReadDevice(*arguments.Text("dest"), services.root);
  if (!source || !dest || source->IsInternal() == dest->IsInternal()) return Say("Invalid Source or Destination.");
  if (!IsReady(*source) || !IsReady(*dest)) return Say("USB device is not mounted.");
  const std::string file_ref(*arguments.Text("file_ref"));
  const auto files = FilesOf(*source, file_ref, services.settings);
  if (files.empty() || !IsPlainName(file_ref)) return Say("Zim not found on Source.");
  if (dest->IsInternal() && !MakeDirectories(services.settings.zim_working_dir))
    return Say(fmt::format("Error creating directory {}", services.settings.zim_working_dir));
  const SpaceNeeds needs = NeedsOfCopy(files, *dest, file_ref, services);
  if (!needs.Fit(services)) return Say("Not enough storage space on Destination.");
  JobPlan plan = Plan(*source, *dest, file_ref, HasIndex(*source, file_ref, services.settings));
  plan.space = needs.Uses();
  return plan;
}

}  // namespace cmdsrv
