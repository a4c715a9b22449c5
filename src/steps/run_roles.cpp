// run-roles: writes a playbook for some roles, lets Ansible run it, and removes it again.
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>

#include "base/names.hpp"
#include "base/text.hpp"
#include "content/ansible_roles.hpp"
#include "platform/files.hpp"
#include "steps/options.hpp"
#include "steps/program.hpp"
#include "steps/say.hpp"
#include "steps/step.hpp"

namespace cmdsrv {
namespace {

constexpr std::size_t kMostRoles = 200;
constexpr std::size_t kHeadLimit = 64U << 10U;
constexpr std::string_view kPrefix = "adm-run-roles-";
constexpr std::string_view kSuffix = ".yml";
constexpr std::string_view kItem = "    - /";

/// "job-12" of a job, whose run record is named so; the process otherwise.
std::string RunName() {
  const char* const record = ::getenv("CMDSRV_RUN");
  std::string_view name = record != nullptr ? record : "";
  name = name.substr(name.rfind('/') + 1);
  name = name.substr(0, name.rfind('.'));
  return IsSafeName(name) ? std::string(name) : fmt::format("{}", ::getpid());
}

/// Playbooks of runs that were killed. Ansible runs one at a time.
void RemoveOldPlaybooks(const std::string& directory) {
  const auto names = ListDirectory(directory);
  if (!names) return;
  for (const std::string& name : *names) {
    if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) continue;
    if (auto removed = RemoveFile(directory + name); !removed) Say("{}", removed.error().message);
  }
}

/// The files of variables that an own head names, where they are in this box; those that do not exist are left out,
/// because Ansible would stop there.
std::string FitToBox(const Root& root, std::string_view head) {
  std::string fitted;
  for (const std::string_view line : Split(head, '\n')) {
    const std::string_view bare = Trim(line);
    if (!line.starts_with(kItem)) {
      fitted.append(line).append("\n");
      continue;
    }
    std::string path(Trim(bare.substr(1)));
    if (!(root.IsBox() && path.starts_with(root.Directory() + "/"))) path = root.Path(path);
    if (Look(path)) fitted.append("    - ").append(path).append("\n");
  }
  fitted.pop_back();  // Split tells of an empty line behind the last one
  return fitted;
}

Result<std::string> ReadHead(const Context& context) {
  const Settings& settings = context.settings;
  auto own = ReadFile(settings.cmdsrv_dir + "assets/run-roles-base.yml", kHeadLimit);
  if (own) return FitToBox(context.root, *own);
  if (own.error().code != ErrorCode::NotFound) return own;
  std::vector<std::string> files{settings.iiab_repo + "vars/default_vars.yml", settings.iiab_local_vars_file,
                                 context.root.Path("/etc/iiab/iiab_state.yml")};
  std::erase_if(files, [](const std::string& file) { return !Look(file); });
  // A box of somebody who is not root is not root's business.
  return RolesPlaybookHead(files, !context.root.IsBox() || ::geteuid() == 0);
}

}  // namespace

StepEnd RunRoles(const Context& context, std::span<const std::string> arguments) {
  const auto options = Options::Parse(arguments, {}, 1, kMostRoles);
  if (!options) return Failure(options.error());
  const auto& roles = options->Operands();
  if (!std::ranges::all_of(roles, [](const std::string& role) { return IsSafeName(role); }))
    return Fail(ErrorCode::Malformed, "a role must be a SAFE-NAME");
  const Settings& settings = context.settings;
  const auto program = context.root.FindProgram(settings.ansible_playbook_program);
  if (!program) return Failure(program.error());
  const auto head = ReadHead(context);
  if (!head) return Failure(head.error());

  EndRequests requests;
  RemoveOldPlaybooks(settings.iiab_repo);
  const std::string playbook = fmt::format("{}{}{}{}", settings.iiab_repo, kPrefix, RunName(), kSuffix);
  if (auto written = WriteFileAtomically(playbook, RolesPlaybook(*head, roles)); !written)
    return Failure(written.error());
  Watch watch;
  watch.directory = settings.cmdsrv_dir;  // its ansible.cfg counts
  watch.own_output = true;
  const auto end = RunWatched(context,
                              {*program, "-M", settings.iiab_repo + "modules", "-i",
                               settings.iiab_repo + "ansible_hosts", playbook, "--connection=local"},
                              watch, requests);
  if (auto removed = RemoveFile(playbook); !removed) Say("{}", removed.error().message);
  requests.EndIfAsked();
  if (!end) return Failure(end.error());
  if (end->exited && end->status == 0) return fmt::format("{} roles are as they are wanted", roles.size());
  return Fail(ErrorCode::Unavailable, "ansible-playbook failed: {}", Describe(*end));
}

}  // namespace cmdsrv
