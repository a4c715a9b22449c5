#include "commands/space_needs.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "platform/disk_usage.hpp"
#include "platform/files.hpp"

namespace cmdsrv {
namespace {

std::uint64_t MarginOf(std::uint64_t bytes) { return bytes / 20; }

}  // namespace

SpaceNeeds::Need* SpaceNeeds::At(const std::string& directory) {
  auto volume = VolumeOf(directory, floor_);
  if (!volume) return nullptr;
  Need& need = needs_[volume->id];
  if (need.use.claim.directory.empty()) need.use.claim.directory = directory;
  need.volume = *std::move(volume);
  return &need;
}

std::uint64_t SpaceNeeds::AddPlaces(Need& need, const std::vector<std::string>& places) {
  std::uint64_t there = 0;
  for (const std::string& place : places) {
    if (std::ranges::find(need.use.claim.grows, place) != need.use.claim.grows.end()) continue;
    need.use.claim.grows.push_back(place);
    there += BytesOnDisk(place);
  }
  return there;
}

std::uint64_t SpaceNeeds::AddStaying(Need& need, std::uint64_t bytes, const std::vector<std::string>& places) {
  const std::uint64_t have = AddPlaces(need, places);
  const std::uint64_t wanted = bytes + MarginOf(bytes);
  need.use.peak += wanted > have ? wanted - have : 0;
  need.use.final += static_cast<std::int64_t>(bytes) - static_cast<std::int64_t>(have);
  need.use.claim.bytes += bytes;
  need.use.claim.margin += MarginOf(bytes);
  need.use.claim.stays += static_cast<std::int64_t>(bytes);
  return have;
}

void SpaceNeeds::AddFetch(const std::string& directory, std::uint64_t bytes, const std::vector<std::string>& places) {
  Need* need = At(directory);
  if (need == nullptr) return;
  const std::uint64_t have = AddStaying(*need, bytes, places);
  need->use.fetch += bytes > have ? bytes - have : 0;
}

void SpaceNeeds::AddMade(const std::string& directory, std::uint64_t bytes, const std::vector<std::string>& places) {
  if (Need* need = At(directory)) (void)AddStaying(*need, bytes, places);
}

void SpaceNeeds::AddCopy(const std::string& directory, std::uint64_t bytes, const std::vector<std::string>& places) {
  Need* need = At(directory);
  if (need == nullptr) return;
  const std::uint64_t have = AddPlaces(*need, places);
  const std::uint64_t wanted = bytes + MarginOf(bytes);
  need->use.peak += wanted > have ? wanted - have : 0;
  need->use.final -= static_cast<std::int64_t>(have);
  need->use.claim.bytes += bytes;
  need->use.claim.margin += MarginOf(bytes);
}

void SpaceNeeds::AddMove(const std::string& from, const std::string& to, std::uint64_t bytes,
                         const std::string& place) {
  const auto first = VolumeOf(from, floor_);
  const auto second = VolumeOf(to, floor_);
  if (!first || !second) return;
  Need* need = At(to);
  // What stands in its place, an older version perhaps, is no part of it.
  const std::vector<std::string> places = Look(place) ? std::vector<std::string>{} : std::vector{place};
  (void)AddPlaces(*need, places);
  if (first->id == second->id) return;
  need->use.peak += bytes + MarginOf(bytes);
  need->use.final += static_cast<std::int64_t>(bytes);
  need->use.claim.bytes += bytes;
  need->use.claim.margin += MarginOf(bytes);
  need->use.claim.stays += static_cast<std::int64_t>(bytes);
  Need* left = At(from);
  left->use.final -= static_cast<std::int64_t>(bytes);
  left->use.claim.stays -= static_cast<std::int64_t>(bytes);
}

void SpaceNeeds::AddFreed(const std::string& directory, std::uint64_t bytes) {
  Need* need = At(directory);
  if (need == nullptr) return;
  need->use.final -= static_cast<std::int64_t>(bytes);
  need->use.claim.stays -= static_cast<std::int64_t>(bytes);
}

void SpaceNeeds::Add(const std::vector<SpaceUse>& uses) {
  for (const SpaceUse& use : uses) {
    Need* need = At(use.claim.directory);
    if (need == nullptr) continue;
    need->use.fetch += use.fetch;
    need->use.peak += use.peak;
    need->use.final += use.final;
    need->use.claim.bytes += use.claim.bytes;
    need->use.claim.margin += use.claim.margin;
    need->use.claim.stays += use.claim.stays;
    auto& grows = need->use.claim.grows;
    grows.insert(grows.end(), use.claim.grows.begin(), use.claim.grows.end());
  }
}

std::string SpaceNeeds::WhyRefused(const Services& services) const {
  std::map<std::uint64_t, std::uint64_t> back;
  for (SpaceClaim& claim : services.jobs.SpaceClaims()) {
    const MeasuredClaim measured = Measure(std::move(claim), floor_);
    if (measured.volume) back[measured.volume->id] += GivesBack(measured.claim, measured.there);
  }
  for (const auto& [id, need] : needs_) {
    if (need.use.peak == 0) continue;
    const auto more = back.find(id);
    const std::uint64_t room = need.volume.available + (more == back.end() ? 0 : more->second);
    if (need.use.peak + need.volume.floor > room) return Describe({need.volume, need.use.peak, 0});
  }
  return {};
}

std::vector<SpaceNeeds::Standing> SpaceNeeds::Standings(const Services& services) const {
  SpaceBook book;
  for (SpaceClaim& claim : services.jobs.SpaceClaims()) {
    const MeasuredClaim promised = Measure(std::move(claim), floor_);
    book.Promise({&promised, 1});
  }
  std::vector<Standing> standings;
  for (const auto& [id, need] : needs_) {
    if (need.use.claim.bytes > 0 || need.use.final != 0)
      standings.push_back({need.use, need.volume, book.PromisedOn(id)});
  }
  return standings;
}

std::string SpaceNeeds::WhyWaiting(const Services& services) const {
  for (const Standing& one : Standings(services)) {
    const std::uint64_t needed = one.use.peak;
    if (needed > 0 && needed + one.promised + one.volume.floor > one.volume.available)
      return Describe({one.volume, needed, one.promised});
  }
  return {};
}

std::vector<SpaceUse> SpaceNeeds::Uses() const {
  std::vector<SpaceUse> uses;
  for (const auto& [id, need] : needs_) {
    if (need.use.claim.bytes > 0 || need.use.final != 0) uses.push_back(need.use);
  }
  return uses;
}

SpaceFloor FloorOf(const Settings& settings, const Root& root) {
  return {root.Path("/"), static_cast<std::uint64_t>(settings.root_reserve_mb) << 20U};
}

/// Room for what is fetched, what is unpacked, and for the copy where the library is on another file system.
SpaceNeeds NeedsOf(const CatalogZim& zim, const Services& services) {
  const Settings& settings = services.settings;
  const std::uint64_t bytes = zim.size_k * 1024;
  SpaceNeeds needs(FloorOf(settings, services.root));
  const std::string content = settings.zim_dir + "content/";
  if (zim.source == ZimSource::Portable) {
    const std::string zip = settings.zim_downloads_dir + settings.zim_download_prefix + zim.file_ref + ".zip";
    needs.AddFetch(settings.zim_downloads_dir, bytes, {zip, zip + ".part"});
    needs.AddCopy(settings.zim_working_dir, bytes, {settings.zim_working_dir + zim.file_ref});
  } else {
    const std::string zim_file = settings.zim_working_dir + zim.file_ref + ".zim";
    needs.AddFetch(settings.zim_working_dir, bytes, {zim_file, zim_file + ".part"});
  }
  needs.AddMove(settings.zim_working_dir, content, bytes, content + zim.file_ref + ".zim");
  return needs;
}

SpaceNeeds NeedsOf(const CatalogModule& module, const Services& services) {
  const Settings& settings = services.settings;
  const std::uint64_t bytes = module.size_k * 1024;
  SpaceNeeds needs(FloorOf(settings, services.root));
  needs.AddFetch(settings.module_working_dir, bytes, {settings.module_working_dir + module.moddir});
  needs.AddMove(settings.module_working_dir, settings.modules_dir, bytes, settings.modules_dir + module.moddir);
  return needs;
}

SpaceNeeds NeedsOf(const CatalogMap& map, const Services& services) {
  const Settings& settings = services.settings;
  SpaceNeeds needs(FloorOf(settings, services.root));
  const std::string file = settings.maps_working_dir + map.file;
  needs.AddFetch(settings.maps_working_dir, map.bytes, {file, file + ".part"});
  needs.AddMove(settings.maps_working_dir, settings.map_tiles_dir, map.bytes, settings.map_tiles_dir + map.file);
  return needs;
}

}  // namespace cmdsrv
