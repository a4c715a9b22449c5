#include "commands/space_needs.hpp"

#include "base/text.hpp"
#include "platform/files.hpp"
#include "platform/tree_walk.hpp"

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

std::string SpaceNeeds::WhyNot(const Services& services) const {
  const auto system = SpaceAt(services.root.Path("/"));
  for (const auto& [device, need] : needs_) {
    if (need.use.peak == 0) continue;
    const bool is_system = system && system->device == device;
    const std::uint64_t reserve = is_system ? static_cast<std::uint64_t>(services.settings.root_reserve_mb) << 20U : 0;
    if (need.use.peak + reserve <= need.available) continue;
    return fmt::format("{} has {} free, and {} are needed", need.use.directory,
                       HumanSize(static_cast<double>(need.available)),
                       HumanSize(static_cast<double>(need.use.peak + reserve)));
  }
  return {};
}

bool SpaceNeeds::Fit(const Services& services) const { return WhyNot(services).empty(); }

std::vector<SpaceUse> SpaceNeeds::Uses() const {
  std::vector<SpaceUse> uses;
  for (const auto& [device, need] : needs_) uses.push_back(need.use);
  return uses;
}

std::uint64_t BytesThere(const std::string& path) {
  const auto facts = Look(path);
  if (!facts) return 0;
  if (!facts->is_directory) return facts->is_regular ? facts->bytes : 0;
  const auto tree = CountTree(path);
  return tree ? tree->bytes : 0;
}

}  // namespace cmdsrv
