// module-install: a module from the working directory gets into use, with its menu item definition and its place on the
// home menu.
#include "base/clock.hpp"
#include "base/names.hpp"
#include "base/time_text.hpp"
#include "content/menu_defs.hpp"
#include "content/module_catalog.hpp"
#include "content/module_def.hpp"
#include "platform/files.hpp"
#include "platform/trees.hpp"
#include "steps/module_logo.hpp"
#include "steps/module_tree.hpp"
#include "steps/options.hpp"
#include "steps/rsync.hpp"
#include "steps/say.hpp"
#include "steps/step.hpp"

namespace cmdsrv {
namespace {

Result<void> Move(const Context& context, const std::string& name) {
  const std::string from = context.settings.module_working_dir + name;
  const std::string to = context.settings.modules_dir + name;
  const auto fresh = Look(from);
  const auto there = Look(to);
  if (there && !there->is_directory) return Fail(ErrorCode::Io, "{} is in the way: it is no directory", to);
  if (!fresh && there) {
    Say("{} is installed already", name);
    return {};
  }
  if (!fresh || !fresh->is_directory)
    return Fail(ErrorCode::NotFound, "there is no module {} in the working directory", name);
  const auto tree = MakeReadable(from);
  if (!tree) return Failure(tree.error());
  if (tree->removed > 0) Say("left out {} links, devices or unfinished files of {}", tree->removed, name);
  if (tree->files == 0 && there) {
    Say("{} is installed already; what is left of its working copy goes", name);
    return RemoveTree(from).map([](bool) {});
  }
  if (tree->files == 0) return Fail(ErrorCode::Corrupt, "there is no file in {}", from);
  if (!there) {
    Say("moving {} into use", name);
    return MoveTreeDurably(from, to);
  }
  // A step that was cut short behind its copy, or a newer version by hand: what is new wins, of the same size too.
  Say("merging {} into the one that is there", name);
  return RunRsync(context, {.options = {"--checksum"},
                            .operands = {from + "/", to + "/"},
                            .what = "merge " + name,
                            .phase = "install",
                            .total = tree->bytes,
                            .directory = to})
      .and_then([&] { return RemoveTree(from); })
      .map([](bool) {});
}

/// Modules that the catalog does not know (of a stick, say) get no definition of ours.
Result<void> Define(const Context& context, const std::string& name) {
  const auto text = ReadFile(context.settings.module_catalog_file);
  const auto catalog = text ? ModuleCatalog::Parse(*text) : Failure(text.error());
  if (!catalog) return Failure(catalog.error());
  const CatalogModule* module = catalog->Find(name);
  if (module == nullptr) {
    Say("the catalog does not know {}, so it gets no menu item definition", name);
    return {};
  }
  return DefineModule(context, *module);
}

}  // namespace

StepEnd ModuleInstall(const Context& context, std::span<const std::string> arguments) {
  const auto options = Options::Parse(arguments, {}, 1);
  if (!options) return Failure(options.error());
  const auto named = options->PlainName();
  if (!named) return Failure(named.error());
  const std::string& name = *named;
  if (auto made = MakeDirectories(context.settings.modules_dir); !made) return Failure(made.error());
  if (auto moved = Move(context, name); !moved) return Failure(moved.error());
  const auto tree = CountTree(context.settings.modules_dir + name);
  if (!tree) return Failure(tree.error());
  if (tree->files == 0) return Fail(ErrorCode::Io, "{}{} is empty", context.settings.modules_dir, name);
  if (auto defined = Define(context, name); !defined)
    Say("warning: no menu item definition: {}", defined.error().message);
  const StepEnd menus = UpdateMenus(context, {});
  SayLine(menus ? *menus : "warning: the home menu was not updated: " + menus.error().message);
  return fmt::format("{} is installed: {} files", name, tree->files);
}

}  // namespace cmdsrv
