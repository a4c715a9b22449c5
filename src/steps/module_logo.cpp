#include "steps/module_logo.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "base/clock.hpp"
#include "base/names.hpp"
#include "base/text.hpp"
#include "base/time_text.hpp"
#include "content/images.hpp"
#include "content/menu_defs.hpp"
#include "content/module_def.hpp"
#include "platform/files.hpp"
#include "platform/trees.hpp"
#include "platform/web_files.hpp"
#include "steps/net.hpp"
#include "steps/rsync.hpp"
#include "steps/say.hpp"

namespace cmdsrv {
namespace {

constexpr std::uint64_t kLogoLimit = 5U << 20U;

class Logo {
 public:
  Logo(const Context& context, const CatalogModule& module) : context_(context), module_(module) {}

  /// The file name in the images directory; empty: none.
  std::string Find() {
    for (const char* ending : {".png", ".jpg", ".gif"}) {
      if (Look(context_.settings.menu_images_dir + Name(ending))) return Name(ending);
    }
    if (auto name = FromAddress(); !name.empty()) return name;
    if (auto name = FromDirectory(context_.settings.modules_dir + module_.moddir + "/"); !name.empty()) return name;
    return FromServer();
  }

 private:
  std::string Name(std::string_view ending) const { return fmt::format("{}_logo{}", module_.moddir, ending); }

  /// Empty, and a line, when the bytes are no image.
  std::string Keep(std::string_view bytes, std::string_view origin) {
    const std::string_view ending = ImageEnding(bytes);
    if (ending.empty()) {
      Say("the logo {} is no PNG, JPEG or GIF image", origin);
      return {};
    }
    const auto written =
        WriteFileFor(context_.settings.apache_user, context_.settings.menu_images_dir + Name(ending), bytes);
    if (written) return Name(ending);
    Say("cannot keep the logo: {}", written.error().message);
    return {};
  }

  std::string FromAddress() {
    if (module_.logo_url.empty()) return {};
    const auto bytes = net::Get(module_.logo_url, kLogoLimit, {30, 60, 120});
    if (bytes) return Keep(*bytes, module_.logo_url);
    SayLine(bytes.error().message);
    return {};
  }

  /// logo.*, else the first image by name. No link is followed.
  std::string FromDirectory(const std::string& directory) {
    auto names = ListDirectory(directory).value_or(std::vector<std::string>{});
    std::ranges::stable_partition(names, [](const std::string& name) { return name.starts_with("logo."); });
    for (const std::string& name : names) {
      if (!EndingFits(name, ".png") && !EndingFits(name, ".jpg") && !EndingFits(name, ".gif")) continue;
      const auto facts = Look(directory + name);
      if (!facts || !facts->is_regular || facts->bytes > kLogoLimit) continue;
      const auto bytes = ReadFile(directory + name, kLogoLimit);
      if (!bytes || ImageEnding(*bytes).empty()) continue;
      return Keep(*bytes, name);
    }
    return {};
  }

  std::string FromServer() {
    if (module_.rsync_url.empty() || Look(context_.settings.modules_dir + module_.moddir)) return {};
    std::string draft = context_.settings.module_working_dir + ".logo-XXXXXX";
    if (!MakeDirectories(context_.settings.module_working_dir) || ::mkdtemp(draft.data()) == nullptr) return {};
    const auto fetched = RunRsync(
        context_, {.options = {"--include=/logo.*", "--exclude=*", "--max-size=5m", "--contimeout=30", "--timeout=60"},
                   .operands = {module_.rsync_url + "/", draft + "/"},
                   .what = "fetch the logo of " + module_.moddir,
                   .phase = "logo"});
    if (!fetched) SayLine(fetched.error().message);
    std::string name = fetched ? FromDirectory(draft + "/") : std::string();
    if (const auto removed = RemoveTree(draft); !removed) SayLine(removed.error().message);
    return name;
  }

  const Context& context_;
  const CatalogModule& module_;
};

}  // namespace

Result<void> DefineModule(const Context& context, const CatalogModule& module) {
  const std::string& defs = context.settings.menu_defs_dir;
  if (!IsMenuName(module.moddir))
    return Fail(ErrorCode::Corrupt, "\"{}\" cannot be the name of a menu item", module.moddir);
  const std::string path = defs + module.moddir + ".json";
  if (Look(path)) return {};
  if (!Look(defs)) return Fail(ErrorCode::NotFound, "there is no {}", defs);
  const std::string logo = Logo(context, module).Find();
  const auto fields = GenerateModuleDef(module, logo, ToDate(Clock().Wall()));
  if (auto written = WriteFileAtomically(path, PrintMenuDef(fields)); !written) return written;
  Say("made the menu item definition {}", module.moddir);
  return {};
}

}  // namespace cmdsrv
