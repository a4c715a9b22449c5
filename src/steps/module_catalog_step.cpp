// module-catalog: the modules that IIAB offers, and those that the box knew before, become oer2go_catalog.json.
#include <algorithm>
#include <chrono>
#include <cstdio>

#include "base/clock.hpp"
#include "base/time_text.hpp"
#include "content/module_catalog.hpp"
#include "platform/files.hpp"
#include "steps/module_logo.hpp"
#include "steps/net.hpp"
#include "steps/options.hpp"
#include "steps/say.hpp"
#include "steps/step.hpp"

namespace cmdsrv {
namespace {

constexpr std::uint64_t kCatalogLimit = 64U << 20U;
constexpr long long kDeadline = 600;
constexpr std::string_view kFailed = "GET-OER2GO-CAT ERROR - ";

struct Asked {
  bool menu = false;
  bool talks = false;
  bool force = false;
  long seconds = 0;
};

Result<std::string> FetchIiab(const Settings& settings, long seconds) {
  auto text =
      net::Get(settings.iiab_module_cat_url, kCatalogLimit, {std::min(30L, seconds), std::min(60L, seconds), seconds});
  if (text) return text;
  // Whatever the line did, it is the own catalog that is missing.
  return Fail(ErrorCode::Unavailable, "{}", text.error().message);
}

/// A server that answers with a part of its catalog must not take away what people can install.
Result<void> Compare(const MergedModules& merged, bool force) {
  const auto read_back = ModuleCatalog::Parse(merged.text);
  if (!read_back || read_back->Size() != merged.count)
    return Fail(ErrorCode::Internal, "the new catalog cannot be read back, so it is not taken");
  if (force || merged.iiab * 2 >= merged.iiab_before) return {};
  return Fail(ErrorCode::Corrupt,
              "IIAB offers {} modules, before it offered {}: they are not taken; --force takes them", merged.iiab,
              merged.iiab_before);
}

/// One module without a definition is no reason for the others to have none.
void DefineAll(const Context& context, const std::string& text) {
  const auto catalog = ModuleCatalog::Parse(text);
  if (!catalog) return;
  for (const auto& [moddir, module] : catalog->All()) {
    if (module.type != "html") continue;  // what is generated says that it is
    if (auto defined = DefineModule(context, module); !defined) Say("warning: {}: {}", moddir, defined.error().message);
  }
}

Result<void> Update(const Context& context, const Asked& asked) {
  const Settings& settings = context.settings;
  if (asked.menu && !Look(settings.menu_defs_dir))
    return Fail(ErrorCode::NotFound, "there is no {}", settings.menu_defs_dir);
  if (asked.talks) Say("fetching {}", settings.iiab_module_cat_url);
  const auto fetched = FetchIiab(settings, asked.seconds);
  if (!fetched) return Failure(fetched.error());
  const auto excluded = ReadFile(settings.cmdsrv_dir + "assets/oer2go-excluded-modules.json", 1U << 20U);
  const auto merged =
      MergeModuleCatalogs(*fetched, ReadFile(settings.module_catalog_file).value_or(std::string()),
                          ExcludedModuleIds(excluded.value_or(std::string())), ToDownloadDate(Clock().Wall()));
  // Not to be read is as good as not to be had.
  if (!merged) return Fail(ErrorCode::Unavailable, "{}: {}", settings.iiab_module_cat_url, merged.error().message);
  if (auto good = Compare(*merged, asked.force); !good) return good;
  if (auto written = WriteFileAtomically(settings.module_catalog_file, merged->text); !written) return written;
  if (asked.talks)
    Say("wrote {} modules to {}, {} of them of IIAB; {} entries were left out", merged->count,
        settings.module_catalog_file, merged->iiab, merged->left_out);
  if (asked.menu) DefineAll(context, merged->text);
  return {};
}

}  // namespace

int ModuleCatalogStatus(ErrorCode code) {
  switch (code) {
    case ErrorCode::Malformed: return 2;
    case ErrorCode::Unavailable: return 2;
    case ErrorCode::Corrupt: return 3;
    case ErrorCode::NotFound: return 99;
    default: return 4;
  }
}

StepEnd ModuleCatalogStep(const Context& context, std::span<const std::string> arguments) {
  const auto options =
      Options::Parse(arguments, {{"--menu", false}, {"-v", false}, {"--force", false}, {"--deadline", true}}, 0);
  if (!options) return Failure(options.error());
  const auto deadline = options->Number("--deadline", kDeadline, 1);
  if (!deadline) return Failure(deadline.error());
  const Asked asked{options->Has("--menu"), options->Has("-v"), options->Has("--force"),
                    static_cast<long>(std::min(*deadline, 86'400LL))};
  if (auto updated = Update(context, asked); !updated)
    return Fail(updated.error().code, "{}{}", kFailed, updated.error().message);
  std::fputs("SUCCESS", stdout);  // without newline, as the old program did
  std::fflush(stdout);
  return std::string();
}

}  // namespace cmdsrv
