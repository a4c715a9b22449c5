#include "commands/handlers.hpp"
#include "platform/files.hpp"

namespace cmdsrv {
namespace {

json::object Describe(const Space& space, std::string_view mount_point) {
  return {{"dev", space.source},
          {"size_in_k", fmt::format("{}", space.total_bytes / 1024)},
          {"avail_in_k", fmt::format("{}", space.available_bytes / 1024)},
          {"mount_point", mount_point}};
}

}  // namespace

Result<Outcome> GetSpaceAvail(const Arguments&, Services& services) {
  const auto root = SpaceAt(services.root.Path("/"));
  if (!root) return Fail(ErrorCode::Refused, "No root partition found");
  const auto library = SpaceAt(services.root.Path("/library"));
  const bool on_root = !library || library->device == root->device;
  json::object reply{{"library_on_root", on_root}, {"root", Describe(*root, "/")}};
  if (!on_root) reply["library"] = Describe(*library, "/library");
  return Answer(json::value(std::move(reply)));
}

}  // namespace cmdsrv
