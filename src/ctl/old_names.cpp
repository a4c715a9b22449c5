#include "ctl/old_names.hpp"

#include <fmt/format.h>

#include <cstdlib>

#include "base/json.hpp"
#include "base/names.hpp"
#include "base/text.hpp"
#include "ctl/exit_status.hpp"

namespace cmdsrv::ctl {

std::variant<Options, SaidByItself> ParseInstallModule(int argc, const char* const* argv) {
  const auto wrong = [](std::string_view problem) {
    return SaidByItself{
        kRefused, fmt::format("{}usage: {} MODDIR\nInstalls a module of the OER2Go catalog; MODDIR is its name.\n",
                              problem, kInstallModuleName)};
  };
  if (argc != 2) return wrong({});
  const std::string_view name = argv[1];
  if (!IsSafeName(name)) return wrong(fmt::format("\"{}\" is no name of a module\n", CleanOutput(name)));
  Options options;
  if (const char* root = std::getenv("CMDSRV_ROOT"); root != nullptr) options.root = root;
  options.words = {"INST-OER2GO-MOD", PrintJson(json::object{{"moddir", name}})};
  options.strict = true;
  options.one_failure = true;
  return options;
}

}  // namespace cmdsrv::ctl
