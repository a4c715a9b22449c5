// The variables of a box of real size: GET-VARS as the console asks it, also after each change of the file, the merge
// of SET-CONF, and both beside their limits: the echo of a reply of that size, and a bare atomic write of such a file.
//   bench_variables [--rounds 300]
#include <fmt/format.h>

#include "content/variables.hpp"
#include "content/variables_merge.hpp"
#include "content/yaml_reader.hpp"
#include "measure.hpp"
#include "platform/files.hpp"
#include "support/ask.hpp"
#include "support/files.hpp"
#include "support/test_box.hpp"

namespace cmdsrv::bench {
namespace {

constexpr int kVariables = 260;

/// As many variables, comments and templates as the host project's defaults have: about 35 KB.
std::string MakeDefaults() {
  std::string text = "# Defaults in the size of the real ones.\ncontent_base: /library\n";
  for (int i = 0; i < kVariables; ++i) {
    text += fmt::format(
        "\n# Comment {0}: what this variable is for, and what else one should know before changing it.\n", i);
    switch (i % 5) {
      case 0: text += fmt::format("role_{}_install: True\n", i); break;
      case 1: text += fmt::format("role_{}_enabled: False    # True means on\n", i); break;
      case 2: text += fmt::format("role_{}_port: {}\n", i, 8000 + i); break;
      case 3:
        text += fmt::format("role_{0}_dir: \"{{{{ content_base }}}}/role_{0}\"    # /library/role_{0}\n", i);
        break;
      default: text += fmt::format("role_{}_name: The name of service {}\n", i, i);
    }
  }
  return text;
}

/// Rounds alternate, so that what else the machine does hits all alike.
template <class... Acts>
std::vector<double> Medians(long rounds, Acts... acts) {
  std::vector<std::vector<double>> times(sizeof...(acts));
  for (long round = 0; round < rounds; ++round) {
    std::size_t at = 0;
    const auto measure = [&](auto& act) {
      const auto begin = SteadyClock::now();
      act(round);
      times[at++].push_back(Since(begin));
    };
    (measure(acts), ...);
  }
  std::vector<double> medians;
  for (auto& one : times) medians.push_back(Median(std::move(one)));
  return medians;
}

int Main(int argc, char** argv) {
  PrintHead("bench_variables", "variables of a box of real size");
  const long rounds = NumberOption(argc, argv, "--rounds", 300);
  test::TestBox box;
  const std::string defaults = MakeDefaults();
  const std::string local = box.Path("/etc/iiab/local_vars.yml");
  test::OrThrow(test::WriteText(box.Path("/opt/iiab/iiab/vars/default_vars.yml"), defaults));
  test::OrThrow(test::WriteText(local, defaults));
  const test::Daemon daemon = box.StartDaemon();
  const auto ask = [&](const std::string& command) {
    const auto reply = test::AskText(box.Socket(), command, std::chrono::seconds(60));
    if (!reply) CannotMeasure(reply.error().message);
    if (reply->starts_with("{\"Error\"")) CannotMeasure(*reply);
  };
  const auto get = [&](long) { ask("GET-VARS"); };
  const auto test_verb = [&](long) { ask("TEST"); };
  const auto set = [&](long round) {
    ask(fmt::format(R"(SET-CONF {{"config_vars": {{"role_0_install": {}}}}})", round % 2 == 0 ? "false" : "true"));
  };
  const auto asked = Medians(rounds, get, test_verb, set, get);
  fmt::print("{} variables, file of {} bytes\n", kVariables + 1, defaults.size());
  fmt::print("GET-VARS {:.3f} ms, TEST {:.3f} ms; SET-CONF {:.3f} ms, GET-VARS after it {:.3f} ms\n", asked[0],
             asked[1], asked[2], asked[3]);

  const std::string bare = box.Path("/tmp/bare.yml");
  test::OrThrow(test::WriteText(bare, defaults));
  const auto inside = Medians(
      rounds,
      [&](long round) {
        (void)MergeVariables(defaults, {{"role_0_install", round % 2 == 0}});
      },
      [&](long) { (void)ReadYaml(defaults); },
      [&](long round) {
        (void)ChangeVariablesFile(local, {{"role_0_install", round % 2 == 0}});
      },
      [&](long) { (void)WriteFileAtomically(bare, defaults, {.backup = bare + ".bak"}); });
  fmt::print(
      "merge in memory {:.3f} ms, of it reading once {:.3f} ms; in the file {:.3f} ms, bare atomic write {:.3f} ms\n",
      inside[0], inside[1], inside[2], inside[3]);
  GoalAtMost("GET-VARS, median", asked[0], 2, " ms");
  GoalAtMost("merge in memory beside reading once", inside[0] / inside[1], 4, " times");
  return 0;
}

}  // namespace
}  // namespace cmdsrv::bench

int main(int argc, char** argv) { return cmdsrv::bench::Main(argc, argv); }
