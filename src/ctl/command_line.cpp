#include "ctl/command_line.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <sstream>

#include "base/version.hpp"
#include "ctl/exit_status.hpp"
#include "ctl/old_names.hpp"

namespace cmdsrv::ctl {
namespace {

constexpr const char* kDescription =
    "Asks the IIAB Command Server.\n"
    "  iiab-cmdsrv-ctl VERB [JSON]     sends one Command, as the web console does (upper case)\n"
    "  iiab-cmdsrv-ctl sub-command …   looks at jobs and the server (lower case)";

constexpr const char* kFooter =
    "Exit status of sub-commands, and of VERB with --wait or --json:\n"
    "  0 done   1 refused or failed   2 usage   3 no server   4 timed out\n"
    "Exit status of VERB alone, as it always was:\n"
    "  0 a reply came, also an Error   1 no server, no reply, wrong words\n"
    "  with --strict: 3 the reply is an Error, 4 timed out\n"
    "Secrets do not belong on a command line, where everybody sees them: echo '{…}' | iiab-cmdsrv-ctl CHGPW -f -";

constexpr double kLongestTimeout = 1e7;  // seconds; more than a hundred days is a slip of the finger

/// What CLI11 fills and Options does not hold in this form.
struct Scratch {
  std::string verb;
  std::string argument;
  double timeout = 0;
};

void AddCommon(CLI::App& app, Options& options, Scratch& scratch) {
  app.add_option("--root", options.root, "the server of the box in this folder")
      ->envname("CMDSRV_ROOT")
      ->type_name("DIR");
  app.add_option("-s,--socket", options.socket, "socket of the server")->type_name("PATH");
  app.add_option("-t,--timeout", scratch.timeout,
                 "wait so long for the reply (60), with --wait, wait and log -f for the end (for ever)")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.001, kLongestTimeout).description(""));
  app.add_flag("--json", options.json, "print replies as they came");
  app.add_flag("--wait", options.wait, "follow the jobs that the Command makes until they end");
  app.add_flag("-q,--quiet", options.quiet, "print only the reply");
  app.add_flag("--strict", options.strict,
               "VERB: exit 3 if the reply is an Error, 4 on time-out; health: 1 unless good");
}

void AddId(CLI::App& sub, Options& options, bool several) {
  auto* ids = sub.add_option("ID", options.ids, several ? "numbers of jobs" : "number of the job")->required();
  ids->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 53).description(""));
  if (!several) ids->expected(1);
}

CLI::App& AddSub(CLI::App& app, Options& options, Action action, const char* name, const char* what) {
  CLI::App& sub = *app.add_subcommand(name, what);
  sub.fallthrough();  // the common options may stand behind the sub-command too
  sub.callback([&options, action] { options.action = action; });
  return sub;
}

void AddSubcommands(CLI::App& app, Options& options) {
  AddSub(app, options, Action::Status, "status", "is the server well, how many jobs run");
  AddSub(app, options, Action::Health, "health", "every part of the box and what to do about it");
  auto& jobs = AddSub(app, options, Action::Jobs, "jobs", "unfinished jobs and those of the last 24 hours");
  jobs.add_flag("--all", options.all, "all jobs");
  jobs.add_flag("-w,--watch", options.watch, "stay and show what happens");
  jobs.add_option("--since", options.since_days, "all jobs of the last DAYS days")
      ->type_name("DAYS")
      ->check(CLI::Range(1, 36500).description(""));
  AddId(AddSub(app, options, Action::Job, "job", "everything about one job"), options, false);
  auto& log = AddSub(app, options, Action::Log, "log", "what the job printed, all of it");
  AddId(log, options, false);
  log.add_flag("-f,--follow", options.follow, "go on until the job ends");
  AddId(AddSub(app, options, Action::Wait, "wait", "wait until the Commands of these jobs have ended"), options, true);
  AddId(AddSub(app, options, Action::Cancel, "cancel", "stop these jobs and what depends on them"), options, true);
  AddId(AddSub(app, options, Action::Retry, "retry", "run the steps again that did not succeed"), options, false);
  auto& commands = AddSub(app, options, Action::Commands, "commands", "the verbs that the server knows");
  commands.add_option("VERB", options.verb, "show the parameters of this one");
  auto& stop =
      AddSub(app, options, Action::Stop, "stop", "stop the server; running jobs go on (--wait: until it is gone)");
  stop.add_flag("--end-jobs", options.end_jobs, "end the running jobs too; they start again with the server");
}

/// "jbos" is a slip and no verb: verbs are in upper case.
bool LooksLikeSubcommand(std::string_view word) {
  return !word.empty() && std::ranges::all_of(word, [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; });
}

SaidByItself Usage(std::string_view problem) {
  return {kUsage, fmt::format("{}\nTo see what can be said: iiab-cmdsrv-ctl --help\n", problem)};
}

}  // namespace

std::variant<Options, SaidByItself> ParseArguments(int argc, const char* const* argv) {
  const std::string_view program = argc > 0 ? argv[0] : "";
  if (program.substr(program.rfind('/') + 1) == kInstallModuleName) return ParseInstallModule(argc, argv);
  Options options;
  Scratch scratch;
  CLI::App app(kDescription, "iiab-cmdsrv-ctl");
  app.footer(kFooter);
  app.set_version_flag("--version", "iiab-cmdsrv-ctl " + std::string(kVersion));
  AddCommon(app, options, scratch);
  auto* verb = app.add_option("VERB", scratch.verb, "the Command, alone or with its JSON behind a blank");
  auto* argument = app.add_option("JSON", scratch.argument, "its arguments");
  app.add_option("-f,--file", options.file, "read the Command, or the JSON of VERB, from here; - is standard input")
      ->type_name("FILE");
  AddSubcommands(app, options);
  app.allow_extras();  // too many words are judged after the pid file, as it always was
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& said) {  // --help, --version
    std::ostringstream out, error;
    app.exit(said, out, error);
    return SaidByItself{kDone, out.str()};
  } catch (const CLI::ParseError& problem) {
    return Usage(problem.what());
  }
  if (verb->count() > 0) options.words.push_back(scratch.verb);
  if (argument->count() > 0) options.words.push_back(scratch.argument);
  for (const std::string& word : app.remaining(true)) {
    if (word.starts_with('-')) return Usage(fmt::format("unknown option {}", word));
    options.words.push_back(word);
  }
  if (scratch.timeout > 0) {
    options.timeout = std::chrono::milliseconds(static_cast<std::int64_t>(scratch.timeout * 1000));
  }
  if (options.action == Action::Send && options.words.size() <= 1 && options.file.empty() && !options.words.empty() &&
      LooksLikeSubcommand(options.words[0])) {
    return Usage(fmt::format("there is no sub-command {}", options.words[0]));
  }
  if (options.action != Action::Send && !options.words.empty()) {
    return Usage(fmt::format("unexpected word {}", options.words[0]));
  }
  return options;
}

}  // namespace cmdsrv::ctl
