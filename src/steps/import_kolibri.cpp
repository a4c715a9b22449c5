// import-kolibri: a channel of Kolibri, by Kolibri's own program, as its own account.
#include "base/names.hpp"
#include "steps/managed_program.hpp"
#include "steps/options.hpp"
#include "steps/step.hpp"

namespace cmdsrv {
namespace {

constexpr std::string_view kAccount = "kolibri";

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
    return RunManaged(context_, argv, "kolibri manage " + arguments.front());
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
  std::vector<std::string> content{"importcontent", "-v", "1"};
  if (!node.empty()) content.insert(content.end(), {"--node_ids", node});
  content.insert(content.end(), {"network", channel});
  if (auto done = import.Manage(content); !done) return Failure(done.error());
  return fmt::format("imported the channel {}", channel);
}

}  // namespace cmdsrv
