// import-kolibri: a channel of Kolibri, by Kolibri's own program, as its own account.
#include "base/names.hpp"
#include "base/text.hpp"
#include "platform/files.hpp"
#include "steps/foreign_db.hpp"
#include "steps/managed_program.hpp"
#include "steps/options.hpp"
#include "steps/rsync.hpp"
#include "steps/step.hpp"

namespace cmdsrv {
namespace {

constexpr std::string_view kAccount = "kolibri";

constexpr const char* kPublished = "SELECT published_size FROM content_channelmetadata WHERE id = ?1";
constexpr const char* kAvailable =
    "SELECT sum(file_size) FROM (SELECT DISTINCT l.id, l.file_size FROM content_localfile l "
    "JOIN content_file f ON f.local_file_id = l.id JOIN content_contentnode n ON n.id = f.contentnode_id "
    "WHERE n.channel_id = ?1 AND l.available = 1)";

/// Of Kolibri's own database; 0 when it does not say, or is made otherwise than it was.
std::uint64_t AskKolibri(const std::string& database, const char* sql, const std::string& channel) {
  const auto rows = ReadForeignDb(database, sql, {channel});
  const auto number = rows && !rows->empty() ? ToInteger(rows->front().front()) : std::nullopt;
  return number && *number > 0 ? static_cast<std::uint64_t>(*number) : 0;
}

class Import {
 public:
  explicit Import(const Context& context) : context_(context) {
    context_.environment.push_back("KOLIBRI_HOME=" +
                                   context.settings.kolibri_dir.substr(0, context.settings.kolibri_dir.size() - 1));
    context_.environment.push_back("HOME=" +
                                   context.settings.kolibri_dir.substr(0, context.settings.kolibri_dir.size() - 1));
  }

  Result<void> Manage(const std::vector<std::string>& arguments) {
    const auto kolibri = context_.root.FindProgram("/usr/bin/kolibri");
    if (!kolibri) return Failure(kolibri.error());
    const auto setpriv = context_.root.FindProgram("setpriv");
    if (!setpriv) return Failure(setpriv.error());
    // Kolibri's files belong to its account; as root it would leave some that it cannot write later.
    std::vector<std::string> argv{*setpriv,
                                  fmt::format("--reuid={}", kAccount),
                                  "--regid=" + context_.settings.apache_user,
                                  "--clear-groups",
                                  "--",
                                  *kolibri,
                                  "manage"};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    const std::string shown = "kolibri manage " + arguments.front();
    return RunManaged(context_, argv,
                      {.shown = shown, .grows = context_.settings.kolibri_dir, .failure = ErrorCode::TryLater});
  }

  /// The size of a channel is known when its description is there; that of a part of it never is.
  Result<void> CheckRoom(const std::string& channel) const {
    const std::string& directory = context_.settings.kolibri_dir;
    if (auto reserve = CheckReserve(context_, directory); !reserve) return reserve;
    const std::string database = directory + "db.sqlite3";
    const std::uint64_t published = AskKolibri(database, kPublished, channel);
    const std::uint64_t there = published > 0 ? AskKolibri(database, kAvailable, channel) : 0;
    const std::uint64_t missing = published > there ? published - there : 0;
    const auto space = SpaceAt(directory);
    const auto system = SpaceAt(context_.root.Path("/"));
    if (missing == 0 || !space) return {};
    const bool of_system = system && system->device == space->device;
    const std::uint64_t kept = of_system ? static_cast<std::uint64_t>(context_.settings.root_reserve_mb) << 20U : 0;
    if (missing + missing / 20 + kept <= space->available_bytes) return {};
    const auto human = [](std::uint64_t bytes) { return HumanSize(static_cast<double>(bytes)); };
    return Fail(ErrorCode::NoSpace,
                "there is not enough space for the channel {}: {} are needed, and {} are free in {}", channel,
                human(missing + missing / 20 + kept), human(space->available_bytes), directory);
  }

 private:
  Context context_;
};

}  // namespace

StepEnd ImportKolibri(const Context& context, std::span<const std::string> arguments) {
  const auto options = Options::Parse(arguments, {{"--node", true}}, 1);
  if (!options) return Failure(options.error());
  const std::string& channel = options->Operands().front();
  const std::string node = options->Text("--node");
  if (!IsHex32(channel)) return Fail(ErrorCode::Malformed, "the operand must be 32 hexadecimal digits");
  if (options->Has("--node") && !IsHex32(node))
    return Fail(ErrorCode::Malformed, "--node must be 32 hexadecimal digits");
  Import import(context);
  if (auto done = import.Manage({"importchannel", "-v", "1", "network", channel}); !done) return Failure(done.error());
  if (auto room = node.empty() ? import.CheckRoom(channel) : CheckReserve(context, context.settings.kolibri_dir); !room)
    return Failure(room.error());
  std::vector<std::string> content{"importcontent", "-v", "1"};
  if (!node.empty()) content.insert(content.end(), {"--node_ids", node});
  content.insert(content.end(), {"network", channel});
  if (auto done = import.Manage(content); !done) return Failure(done.error());
  return fmt::format("imported the channel {}", channel);
}

}  // namespace cmdsrv
