// MOVE-UPLOADED-FILE: the web server's account has put a file into the uploads directory, root makes an icon of it. The
// file, its name and what lies beside it are hostile.
#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/log.hpp"
#include "base/names.hpp"
#include "commands/handlers.hpp"
#include "content/images.hpp"
#include "content/menu_defs.hpp"
#include "platform/files.hpp"
#include "platform/web_files.hpp"

namespace cmdsrv {
namespace {

constexpr log::Domain kCommands{"commands"};
constexpr off_t kIconLimit = 5 << 20;

constexpr std::pair<std::string_view, std::string_view> kTypes[] = {
    {".png", "image/png"}, {".jpg", "image/jpeg"}, {".gif", "image/gif"}};

/// The bytes of a regular file of the right owner, with one name only: a second link could be any file of the system.
Result<std::string> ReadUpload(int directory, const std::string& name, const std::vector<uid_t>& owners) {
  const auto file = OpenBeneath(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (!file) return Failure(file.error());
  struct stat facts {};
  if (::fstat(file->Get(), &facts) != 0) return FailFromErrno(errno, "look at " + name);
  if (!S_ISREG(facts.st_mode) || facts.st_nlink != 1) return Fail(ErrorCode::Refused, "{} is no plain file", name);
  if (!owners.empty() && facts.st_uid != ::geteuid() && std::ranges::find(owners, facts.st_uid) == owners.end())
    return Fail(ErrorCode::Refused, "{} does not belong to the web server", name);
  if (facts.st_size > kIconLimit) return Fail(ErrorCode::Refused, "{} is larger than 5 MiB", name);
  std::string bytes(static_cast<std::size_t>(facts.st_size), '\0');
  std::size_t have = 0;
  while (have < bytes.size()) {
    const ssize_t got = ::read(file->Get(), bytes.data() + have, bytes.size() - have);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return Fail(ErrorCode::Io, "cannot read {}", name);
    have += static_cast<std::size_t>(got);
  }
  return bytes;
}

std::optional<uid_t> IdOf(const std::string& account) {
  passwd entry{};
  passwd* found = nullptr;
  std::vector<char> buffer(16'384);
  if (::getpwnam_r(account.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr)
    return std::nullopt;
  return entry.pw_uid;
}

/// Who may put files there: the web server, or the gateway in its place.
std::vector<uid_t> Uploaders(const Settings& settings) {
  std::vector<uid_t> ids;
  for (const std::string& account : {settings.apache_user, settings.gateway_user}) {
    if (const auto id = IdOf(account)) ids.push_back(*id);
  }
  return ids;
}

/// Types that are no images count for nothing; without any of the three all of them will do.
bool IsWanted(std::string_view ending, const std::vector<std::string>& filter) {
  bool any = false;
  for (const auto& [image, type] : kTypes) {
    if (std::ranges::find(filter, type) == filter.end()) continue;
    if (image == ending) return true;
    any = true;
  }
  return !any && filter.empty();
}

/// Icons that came with the box: the generated definitions and those of the repository name them.
bool IsShipped(const Settings& settings, std::string_view icon) {
  if (icon == "content.jpg") return true;
  const auto defs = ReadMenuDefs(settings.menu_defs_dir);
  if (!defs) return true;
  return std::ranges::any_of(defs->defs, [&](const MenuDef& def) {
    return TextMember(def.fields, "logo_url") == icon && TextMember(def.fields, "edit_status") != "local_change";
  });
}

}  // namespace

Result<Outcome> MoveUploadedFile(const Arguments& arguments, Services& services) {
  const std::string name(*arguments.Text("file_name"));
  if (*arguments.Text("file_use") != "icon") return Fail(ErrorCode::Malformed, "file_use is not icon");
  std::string icon = name;
  std::ranges::replace(icon, ' ', '_');
  if (!IsSafeName(icon)) return Fail(ErrorCode::Malformed, "file_name is no plain name");
  const Settings& settings = services.settings;
  const auto cannot = [&](const Error& error) {
    log::Warning(kCommands, "cannot move the uploaded file {}: {}", name, error.message);
    return Fail(ErrorCode::Refused, "File can not be moved.");
  };
  const UniqueFd uploads(::open(settings.uploads_dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!uploads) return cannot(FailFromErrno(errno, "open " + settings.uploads_dir).value());
  std::string uploaded = name;
  auto bytes = ReadUpload(uploads.Get(), uploaded, Uploaders(settings));
  if (!bytes && bytes.error().code == ErrorCode::NotFound) {
    uploaded = icon;  // the gateway stores it so
    bytes = ReadUpload(uploads.Get(), uploaded, Uploaders(settings));
  }
  if (!bytes) return cannot(bytes.error());
  const std::string_view ending = ImageEnding(*bytes);
  if (!EndingFits(icon, ending) || !IsWanted(ending, arguments.TextList("filter_array"))) {
    ::unlinkat(uploads.Get(), uploaded.c_str(), 0);
    return Fail(ErrorCode::Refused, "File cannot be used as icon.");
  }
  const std::string path = settings.menu_images_dir + icon;
  if (Look(path) && IsShipped(settings, icon)) return Fail(ErrorCode::Refused, "File already exists.");
  if (auto written = WriteFileFor(settings.apache_user, path, *bytes); !written) return cannot(written.error());
  if (::unlinkat(uploads.Get(), uploaded.c_str(), 0) != 0)
    log::Warning(kCommands, "cannot remove the uploaded file {}: {}", uploaded, Reason(errno));
  return Answer(Success{});
}

}  // namespace cmdsrv
