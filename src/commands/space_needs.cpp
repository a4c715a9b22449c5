#include "commands/space_needs.hpp"

#include "base/text.hpp"
#include "commands/preset_plan.hpp"
#include "platform/files.hpp"
#include "platform/tree_walk.hpp"
#include "protocol/command.hpp"

namespace cmdsrv {
namespace {

std::uint64_t WithMargin(std::uint64_t bytes) { return bytes + bytes / 20; }

/// Of the directory, or of the nearest parent that is there.
Result<Space> SpaceFor(std::string directory) {
  while (directory.size() > 1 && !Look(directory)) {
    while (directory.size() > 1 && directory.back() == '/') directory.pop_back();
    directory.resize(directory.rfind('/') + 1);
  }
  return SpaceAt(directory);
}

std::string ZipFile(const Settings& settings, const CatalogZim& zim) {
  return settings.zim_download_prefix + zim.file_ref + ".zip";
}

/// What accepted Commands still need on each file system: they come first.
SpaceNeeds NeedsOfUnfinished(Services& services) {
  SpaceNeeds needs;
  const Settings& settings = services.settings;
  const auto zims = services.zim_catalog.Get();
  const auto modules = services.content.modules.Get();
  const auto maps = services.content.maps.Get();
  for (const UnfinishedCommand& item : UnfinishedContent(services)) {
    const auto command = ParseCommand(item.message);
    if (!command) continue;
    const json::object& arguments = command->arguments;
    if (command->verb == "INST-ZIMS" && zims) {
      const CatalogZim* zim = (*zims)->Find(TextMember(arguments, "zim_id"));
      if (zim != nullptr) needs.Add(NeedsOf(*zim, settings).Uses());
    } else if (command->verb == "INST-OER2GO-MOD" && modules) {
      const CatalogModule* module = (*modules)->Find(TextMember(arguments, "moddir"));
      if (module != nullptr) needs.Add(NeedsOf(*module, settings).Uses());
    } else if (command->verb == "INST-OSM-VECT-SET" && maps) {
      const CatalogMap* map = (*maps)->Find(TextMember(arguments, "osm_vect_id"));
      if (map != nullptr) needs.Add(NeedsOf(*map, settings).Uses());
    }
  }
  return needs;
}

}  // namespace

SpaceNeeds::Need* SpaceNeeds::At(const std::string& directory) {
  const auto space = SpaceFor(directory);
  if (!space) return nullptr;
  Need& need = needs_[space->device];
  if (need.use.directory.empty()) need.use.directory = directory;
  need.available = space->available_bytes;
  return &need;
}

void SpaceNeeds::AddFetch(const std::string& directory, std::uint64_t bytes, std::uint64_t have) {
  Need* need = At(directory);
  if (need == nullptr) return;
  const std::uint64_t wanted = WithMargin(bytes);
  need->use.fetch += bytes > have ? bytes - have : 0;
  need->use.peak += wanted > have ? wanted - have : 0;
  need->use.final += static_cast<std::int64_t>(bytes) - static_cast<std::int64_t>(have);
}

void SpaceNeeds::AddCopy(const std::string& directory, std::uint64_t bytes) {
  if (Need* need = At(directory)) need->use.peak += WithMargin(bytes);
}

void SpaceNeeds::AddMove(const std::string& from, const std::string& to, std::uint64_t bytes) {
  const auto first = SpaceFor(from);
  const auto second = SpaceFor(to);
  if (!first || !second || first->device == second->device) return;
  At(from)->use.final -= static_cast<std::int64_t>(bytes);
  Need* need = At(to);
  need->use.peak += WithMargin(bytes);
  need->use.final += static_cast<std::int64_t>(bytes);
}

void SpaceNeeds::AddFreed(const std::string& directory, std::uint64_t bytes) {
  if (Need* need = At(directory)) need->use.final -= static_cast<std::int64_t>(bytes);
}

void SpaceNeeds::Add(const std::vector<SpaceUse>& uses) {
  for (const SpaceUse& use : uses) {
    Need* need = At(use.directory);
    if (need == nullptr) continue;
    need->use.fetch += use.fetch;
    need->use.peak += use.peak;
    need->use.final += use.final;
  }
}

std::string SpaceNeeds::WhyNot(Services& services) const {
  const auto system = SpaceAt(services.root.Path("/"));
  const SpaceNeeds accepted = NeedsOfUnfinished(services);
  for (const auto& [device, need] : needs_) {
    if (need.use.peak == 0) continue;
    std::uint64_t kept = 0;
    if (system && system->device == device) kept = static_cast<std::uint64_t>(services.settings.root_reserve_mb) << 20U;
    if (const auto other = accepted.needs_.find(device); other != accepted.needs_.end()) kept += other->second.use.peak;
    if (need.use.peak + kept <= need.available) continue;
    return fmt::format("{} has {} free, {} are needed, and {} are kept for accepted Commands and the system",
                       need.use.directory, HumanSize(static_cast<double>(need.available)),
                       HumanSize(static_cast<double>(need.use.peak)), HumanSize(static_cast<double>(kept)));
  }
  return {};
}

bool SpaceNeeds::Fit(Services& services) const { return WhyNot(services).empty(); }

std::vector<SpaceUse> SpaceNeeds::Uses() const {
  std::vector<SpaceUse> uses;
  for (const auto& [device, need] : needs_) uses.push_back(need.use);
  return uses;
}

/// Room for what is fetched, what is unpacked, and for the copy where the library is on another file system.
SpaceNeeds NeedsOf(const CatalogZim& zim, const Settings& settings) {
  const std::uint64_t bytes = zim.size_k * 1024;
  SpaceNeeds needs;
  const std::string content = settings.zim_dir + "content/";
  if (zim.source == ZimSource::Portable) {
    const std::string part = settings.zim_downloads_dir + ZipFile(settings, zim);
    needs.AddFetch(settings.zim_downloads_dir, bytes, BytesThere(Look(part) ? part : part + ".part"));
    needs.AddCopy(settings.zim_working_dir, bytes);
  } else {
    const std::string part = settings.zim_working_dir + zim.file_ref + ".zim.part";
    needs.AddFetch(settings.zim_working_dir, bytes, BytesThere(part));
  }
  needs.AddMove(settings.zim_working_dir, content, bytes);
  return needs;
}

SpaceNeeds NeedsOf(const CatalogModule& module, const Settings& settings) {
  const std::uint64_t bytes = module.size_k * 1024;
  SpaceNeeds needs;
  needs.AddFetch(settings.module_working_dir, bytes, BytesThere(settings.module_working_dir + module.moddir));
  needs.AddMove(settings.module_working_dir, settings.modules_dir, bytes);
  return needs;
}

SpaceNeeds NeedsOf(const CatalogMap& map, const Settings& settings) {
  SpaceNeeds needs;
  const std::string part = settings.maps_working_dir + map.file;
  needs.AddFetch(settings.maps_working_dir, map.bytes, BytesThere(Look(part) ? part : part + ".part"));
  needs.AddMove(settings.maps_working_dir, settings.map_tiles_dir, map.bytes);
  return needs;
}

std::uint64_t BytesThere(const std::string& path) {
  const auto facts = Look(path);
  if (!facts) return 0;
  if (!facts->is_directory) return facts->is_regular ? facts->bytes : 0;
  const auto tree = CountTree(path);
  return tree ? tree->bytes : 0;
}

}  // namespace cmdsrv
