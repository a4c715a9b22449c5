// zim-install: a downloaded ZIM moves into the library, is indexed, and gets its place on the home menu.
#include <algorithm>

#include "base/names.hpp"
#include "platform/files.hpp"
#include "steps/kiwix_library.hpp"
#include "steps/options.hpp"
#include "steps/say.hpp"
#include "steps/step.hpp"
#include "steps/zim.hpp"

namespace cmdsrv {
namespace {

Result<std::string> ReadName(std::span<const std::string> arguments) {
  const auto options = Options::Parse(arguments, {}, 1);
  if (!options) return Failure(options.error());
  const std::string& name = options->Operands().front();
  if (!IsSafeName(name) || !name.ends_with(".zim") || name.size() < 5)
    return Fail(ErrorCode::Malformed, "the operand must be a plain name that ends in .zim");
  return name;
}

/// Into the content directory, unless it is there already.
Result<void> Move(const std::string& from, const std::string& to, const std::string& name) {
  if (!Look(from)) {
    if (Look(to)) {
      Say("{} is in the library already", name);
      return {};
    }
    return Fail(ErrorCode::NotFound, "{} is neither in the working directory nor in the library", name);
  }
  // The step before has proven it; whoever put something else there meanwhile does not get it into the library.
  if (const auto header = zim_tools::ReadZimHeader(from); !header) return Failure(header.error());
  Say("moving {} into the library", name);
  return MoveFileDurably(from, to);
}

Result<void> CheckListed(const Settings& settings, const std::string& name) {
  const auto header = zim_tools::ReadZimHeader(settings.zim_dir + "content/" + name);
  if (!header) return Failure(header.error());
  const auto books = ReadLibraryFile(settings.zim_dir);
  if (!books) return Failure(books.error());
  if (std::ranges::find(*books, header->uuid, &LibraryBook::id) == books->end())
    return Fail(ErrorCode::Io, "library.xml does not list {}, so it cannot be used", name);
  return {};
}

}  // namespace

StepEnd ZimInstall(const Context& context, std::span<const std::string> arguments) {
  const auto name = ReadName(arguments);
  if (!name) return Failure(name.error());
  const Settings& settings = context.settings;
  const std::string content = settings.zim_dir + "content/";
  const auto moved =
      MakeDirectories(content).and_then([&] { return Move(settings.zim_working_dir + *name, content + *name, *name); });
  if (!moved) return Failure(moved.error());
  const StepEnd indexed = MakeKiwixLib(context, {});
  if (!indexed) return Failure(indexed.error());
  SayLine(*indexed);
  if (auto listed = CheckListed(settings, *name); !listed) return Failure(listed.error());
  const StepEnd menus = UpdateMenus(context, {});
  SayLine(menus ? *menus : "warning: the home menu was not updated: " + menus.error().message);
  return fmt::format("{} is installed", *name);
}

}  // namespace cmdsrv
