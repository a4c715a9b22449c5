#include "server/takeover.hpp"

#include <fmt/format.h>

#include <iterator>
#include <optional>

#include "base/text.hpp"
#include "platform/accounts.hpp"
#include "platform/files.hpp"
#include "platform/process.hpp"
#include "store/look_at_database.hpp"

namespace cmdsrv {
namespace {

constexpr const char* kUnit = "/etc/systemd/system/iiab-cmdsrv.service";
constexpr const char* kStepProgram = "iiab-cmdsrv-step";
constexpr const char* kSuffix = ".iiab-python";                   // of what is set aside
constexpr std::uint64_t kNeededBytes = std::uint64_t{32} << 20U;  // tables of our own, and records of jobs

using Sentences = std::vector<std::string>;

std::string Counted(std::int64_t number, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", number, number == 1 ? one : many);
}

bool IsInstalled(const Root& root) { return Look(root.Path("/usr/libexec/iiab-cmdsrv-step")).has_value(); }

void LookAtConfiguration(const Settings& settings, TakeoverReport& report) {
  report.acts.push_back(fmt::format("The configuration {}cmdsrv.conf is used as it is.", settings.cmdsrv_dir));
  for (const std::string& complaint : settings.complaints) report.remarks.push_back(complaint + ".");
  const auto presets = ListDirectory(settings.presets_dir);
  if (!presets || presets->empty()) return;
  report.acts.push_back(fmt::format("{} in {} can be used as before.",
                                    Counted(std::ssize(*presets), "preset", "presets"), settings.presets_dir));
}

void LookAtAccount(const Root& root, const Settings& settings, TakeoverReport& report) {
  if (Accounts(root).Find(settings.apache_user)) {
    report.acts.push_back(
        fmt::format("The socket /run/cmdsrv_sock belongs to the account {}, as before.", settings.apache_user));
    return;
  }
  report.obstacles.push_back(
      fmt::format("There is no account {}, to which the key apache_user of cmdsrv.conf gives the socket: install the "
                  "web server, or name its account.",
                  settings.apache_user));
}

void TellJobs(const DatabaseFacts& facts, TakeoverReport& report) {
  const auto count = facts.waiting + facts.running;
  if (count == 0) return;
  if (facts.version != 0) {
    report.acts.push_back(Counted(count, "unfinished job goes", "unfinished jobs go") + " on.");
    return;
  }
  // The old tables do not say what a job is made of, nor what it waits for.
  report.acts.push_back(
      fmt::format("{} CANCELLED: what the Python program writes down is not enough to go on. To spare that, wait until "
                  "none is left; or send {} again afterwards.",
                  Counted(count, "unfinished job becomes", "unfinished jobs become"),
                  count == 1 ? "its Command" : "their Commands"));
}

void LookAtDatabaseOf(const Settings& settings, TakeoverReport& report) {
  const std::string& path = settings.database_path;
  const auto facts = LookAtDatabase(path);
  if (facts) {
    report.acts.push_back(
        fmt::format("The database {} is used on, with {} and {}; tables are added, the two of the Python program stay "
                    "as they are, so that it can come back.",
                    path, Counted(facts->commands, "Command", "Commands"), Counted(facts->jobs, "job", "jobs")));
    return TellJobs(*facts, report);
  }
  const Error& error = facts.error();
  if (error.code == ErrorCode::NotFound) {
    report.acts.push_back(fmt::format("There is no database {}: a new one is begun.", path));
  } else if (error.code == ErrorCode::Corrupt) {
    report.remarks.push_back(
        fmt::format("{}. It would be set aside beside itself, and a new one begun: the history of "
                    "jobs is lost to the console, content is not touched.",
                    error.message));
  } else if (error.code == ErrorCode::Newer) {
    report.obstacles.push_back(fmt::format("{}: install that version, or move the file away.", error.message));
  } else {
    report.obstacles.push_back(fmt::format("{}; mend that, or look again later.", error.message));
  }
}

void LookAtSpace(const Settings& settings, TakeoverReport& report) {
  const auto space = SpaceAt(settings.cmdsrv_dir);
  if (!space || space->available_bytes >= kNeededBytes) return;
  report.obstacles.push_back(fmt::format("Only {} KiB are free at {}; {} are needed at least: free some.",
                                         space->available_bytes >> 10U, settings.cmdsrv_dir, kNeededBytes >> 10U));
}

/// A file that would lose its name; it must not take that of another one.
void SetAside(const Root& root, const std::string& name, TakeoverReport& report, Sentences& set_aside) {
  if (Look(root.Path(name + kSuffix))) {
    report.obstacles.push_back(
        fmt::format("{}{} exists already, perhaps of an earlier try: move it away.", name, kSuffix));
  }
  set_aside.push_back(name);
}

void LookAtUnit(const Root& root, TakeoverReport& report, Sentences& set_aside) {
  const auto facts = Look(root.Path(kUnit));
  if (facts && facts->is_link) {
    report.remarks.push_back(
        fmt::format("{} is a link; if the service is masked, unmask it: systemctl unmask "
                    "iiab-cmdsrv.service.",
                    kUnit));
  }
  if (facts) SetAside(root, kUnit, report, set_aside);
  const std::string drop_ins = std::string(kUnit) + ".d";
  for (const std::string& name : ListDirectory(root.Path(drop_ins)).value_or(Sentences{})) {
    report.remarks.push_back(fmt::format(
        "{}/{} stays in force: see that it fits to a service of Type=notify, and that it makes no mount name "
        "space (PrivateTmp, ProtectSystem), which would hide sticks.",
        drop_ins, name));
  }
}

/// The names in /usr/bin that the package brings; the step program itself knows most of them.
Result<Sentences> OwnNames() {
  const auto ran = RunProgram({Root::OwnProgram(kStepProgram), "--links"}, {});
  if (!ran) return Failure(ran.error());
  if (!ran->exited || ran->status != 0) return Fail(ErrorCode::Io, "{} --links: {}", kStepProgram, Describe(*ran));
  Sentences names{"iiab-cmdsrv-ctl"};
  for (const std::string_view name : Split(ran->output, '\n')) {
    if (!name.empty() && name != "iiab-make-kiwix-lib") names.emplace_back(name);
  }
  return names;
}

void LookAtNames(const Root& root, TakeoverReport& report, Sentences& set_aside) {
  const auto names = OwnNames();
  if (!names) return report.obstacles.push_back(fmt::format("{}: install the program whole.", names.error().message));
  for (const std::string& name : *names) {
    const std::string path = "/usr/bin/" + name;
    if (Look(root.Path(path))) SetAside(root, path, report, set_aside);
  }
}

void LookAtProcess(const Settings& settings, TakeoverReport& report) {
  const auto text = ReadFile(settings.pid_file, 64);
  const auto pid = text ? ToInteger(Trim(*text)) : std::nullopt;
  if (!pid || *pid <= 1 || !Identify(static_cast<pid_t>(*pid))) return;
  report.acts.push_back(
      fmt::format("The server that runs now, pid {}, is stopped, and the new one started: the console "
                  "waits some seconds.",
                  *pid));
}

void Append(std::string& text, std::string_view title, const Sentences& sentences) {
  if (sentences.empty()) return;
  fmt::format_to(std::back_inserter(text), "{}\n", title);
  for (const std::string& sentence : sentences) fmt::format_to(std::back_inserter(text), "  - {}\n", sentence);
}

}  // namespace

TakeoverReport LookAtTakeover(const Root& root, const Settings& settings) {
  TakeoverReport report;
  if (IsInstalled(root)) {
    report.remarks.push_back("This Command Server is installed already: nothing is taken over any more.");
    return report;
  }
  LookAtConfiguration(settings, report);
  LookAtAccount(root, settings, report);
  LookAtDatabaseOf(settings, report);
  LookAtSpace(settings, report);
  LookAtProcess(settings, report);
  Sentences set_aside;
  LookAtUnit(root, report, set_aside);
  LookAtNames(root, report, set_aside);
  for (const std::string& name : set_aside)
    report.acts.push_back(fmt::format("{} is set aside as {}{}.", name, name, kSuffix));
  if (set_aside.empty()) report.remarks.push_back("Nothing of the Python program was found to be set aside.");
  return report;
}

std::string PrintTakeover(const TakeoverReport& report) {
  std::string text;
  Append(text, "The package will do this:", report.acts);
  Append(text, "To know:", report.remarks);
  Append(text, "In the way:", report.obstacles);
  if (report.obstacles.empty() && !report.acts.empty()) text += "Nothing is in the way.\n";
  text +=
      "The way back, at any time: apt remove iiab-cmdsrv gives back every name that was set aside, and\n"
      "systemctl enable --now iiab-cmdsrv starts the Python program, which reads the database as before.\n";
  return text;
}

}  // namespace cmdsrv
