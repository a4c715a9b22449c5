#include "steps/install.hpp"

#include <algorithm>

#include "platform/files.hpp"
#include "steps/kiwix_library.hpp"
#include "steps/say.hpp"
#include "steps/step.hpp"
#include "steps/zim.hpp"

namespace cmdsrv {
Result<void> CheckListed(const Settings& settings, const std::string& zim) {
  const std::string content = settings.zim_dir + "content/";
  const auto header = zim_tools::ReadZimHeader(content + FirstFileOf(content, zim));
  if (!header) return Failure(header.error());
  const auto books = ReadLibraryFile(settings.zim_dir);
  if (!books) return Failure(books.error());
  if (std::ranges::find(*books, header->uuid, &LibraryBook::id) == books->end())
    return Fail(ErrorCode::Io, "library.xml does not list {}, so it cannot be used", zim);
  return {};
}

Result<void> MoveIntoLibrary(const Context& context, const std::string& zim) {
  const std::string content = context.settings.zim_dir + "content/";
  const std::string from = context.settings.zim_working_dir + zim;
  if (auto made = MakeDirectories(content); !made) return made;
  if (!Look(from) && Look(content + zim)) {
    Say("{} is in the library already", zim);
    return {};
  }
  if (!Look(from)) return Fail(ErrorCode::NotFound, "{} is neither in the working directory nor in the library", zim);
  // The step before has proven it; whoever put something else there meanwhile does not get it into the library.
  if (const auto header = zim_tools::ReadZimHeader(from); !header) return Failure(header.error());
  Say("moving {} into the library", zim);
  return MoveFileDurably(from, content + zim);
}

Result<void> PutIntoUse(const Context& context, const std::vector<std::string>& zims) {
  const StepEnd indexed = MakeKiwixLib(context, {});
  if (!indexed) return Failure(indexed.error());
  SayLine(*indexed);
  for (const std::string& zim : zims) {
    if (auto listed = CheckListed(context.settings, zim); !listed) return listed;
  }
  const StepEnd menus = UpdateMenus(context, {});
  SayLine(menus ? *menus : "warning: the home menu was not updated: " + menus.error().message);
  return {};
}

}  // namespace cmdsrv
