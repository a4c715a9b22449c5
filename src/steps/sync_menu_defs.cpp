// sync-menu-defs: menu item definitions, their icons and extra pages, between the box and the shared repository.
#include <algorithm>
#include <chrono>
#include <set>

#include "base/clock.hpp"
#include "base/names.hpp"
#include "base/time_text.hpp"
#include "content/images.hpp"
#include "content/menu_defs.hpp"
#include "content/menu_sync.hpp"
#include "platform/files.hpp"
#include "platform/web_files.hpp"
#include "steps/menu_files.hpp"
#include "steps/menu_repository.hpp"
#include "steps/options.hpp"
#include "steps/say.hpp"
#include "steps/step.hpp"

namespace cmdsrv {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::uint64_t kDefLimit = 256U << 10U;
constexpr std::uint64_t kPageLimit = 1U << 20U;
constexpr std::uint64_t kIconLimit = 5U << 20U;
constexpr std::string_view kDefs = "menu-defs/";
constexpr std::string_view kImages = "images/";

std::set<std::string, std::less<>> ReadObsolete(const Settings& settings) {
  std::set<std::string, std::less<>> names;
  const auto text = ReadFile(settings.cmdsrv_dir + "assets/obsolete-menu-defs.json", 1U << 20U);
  const auto list = text ? ParseJson(*text) : Result<json::value>(Failure(text.error()));
  if (!list || !list->is_array()) return names;
  for (const json::value& one : list->get_array()) {
    if (one.is_string()) names.emplace(one.get_string());
  }
  return names;
}

class Sync {
 public:
  Sync(const Context& context, std::optional<Steady::time_point> end)
      : settings_(context.settings), repository_(context.settings), end_(end) {}

  StepEnd Run() {
    if (auto ready = Prepare(); !ready) return Failure(ready.error());
    languages_ = ReadLanguages(settings_.assets_dir);
    for (const std::string& name : Names()) {
      if (end_ && Steady::now() >= *end_)
        return Fail(ErrorCode::TryLater, "The synchronisation goes on in the background.");
      auto done = One(name);
      if (done) continue;
      // One definition is no reason to leave out the others, unless nobody answers any more.
      if (done.error().code == ErrorCode::TryLater || done.error().code == ErrorCode::NoNetwork ||
          done.error().code == ErrorCode::Timeout || done.error().code == ErrorCode::NoSpace)
        return done.map([] { return std::string(); });
      Tell("{}: {}", name, done.error().message);
    }
    return said_ ? std::string("Synchronisation is complete.") : std::string("No changes found.");
  }

  /// After a copy of the whole repository was put here, for example by git: what is here came from there.
  StepEnd AdoptCopies() {
    if (auto ready = Prepare(); !ready) return Failure(ready.error());
    std::size_t adopted = 0;
    std::size_t failed = 0;
    for (const std::string& name : Names()) {
      const auto done = Adopt(name);
      if (!done) Tell("{}: {}", name, done.error().message);
      if (!done) ++failed;
      if (done && *done) ++adopted;
    }
    return fmt::format("{} definitions are known as copies of the repository, {} could not be read", adopted, failed);
  }

 private:
  Result<void> Prepare() {
    if (!Look(settings_.menu_defs_dir)) return Fail(ErrorCode::NotFound, "there is no {}", settings_.menu_defs_dir);
    auto files = repository_.List();
    if (!files) {
      Say("{}", files.error().message);
      if (files.error().code == ErrorCode::TryLater &&
          files.error().message.find("no more requests") != std::string::npos)
        return Failure(files.error());
      return Fail(ErrorCode::Unavailable, "Unable to contact Server");
    }
    files_ = *std::move(files);
    obsolete_ = ReadObsolete(settings_);
    return {};
  }

  /// True when it was marked. What an administrator has changed stays his.
  Result<bool> Adopt(const std::string& name) {
    if (obsolete_.contains(name)) {
      auto removed = RemoveFile(LocalPath(name));
      if (removed && *removed) Tell("{} is obsolete and removed", name);
      return removed.map([](bool) { return false; });
    }
    const auto* remote = Remote(kDefs, name + ".json");
    if (remote == nullptr || !Look(LocalPath(name))) return false;
    const auto text = ReadFile(LocalPath(name), kDefLimit);
    if (!text) return Failure(text.error());
    auto fields = ParseMenuDef(*text);
    if (!fields) return Failure(fields.error());
    if (TextMember(*fields, "edit_status") == "local_change") return false;
    (*fields)["commit_sha"] = remote->sha;
    (*fields)["edit_status"] = "repo";
    return WriteDef(name, OrderMenuDef(*fields), *text).map([] { return true; });
  }

  template <class... Args>
  void Tell(fmt::format_string<Args...> format, Args&&... args) {
    said_ = true;
    Say(format, std::forward<Args>(args)...);
  }

  std::set<std::string> Names() {
    std::set<std::string> names;
    const auto take = [&](std::string_view file) {
      if (!file.ends_with(".json")) return;
      const std::string_view name = file.substr(0, file.size() - 5);
      if (IsMenuName(name)) names.emplace(name);
    };
    for (const auto& [path, file] : files_) {
      if (path.starts_with(kDefs)) take(std::string_view(path).substr(kDefs.size()));
    }
    for (const std::string& file : ListDirectory(settings_.menu_defs_dir).value_or(std::vector<std::string>{}))
      take(file);
    return names;
  }

  std::string LocalPath(const std::string& name) const { return settings_.menu_defs_dir + name + ".json"; }

  const MenuRepository::File* Remote(std::string_view directory, std::string_view name) const {
    const auto found = files_.find(std::string(directory) + std::string(name));
    return found == files_.end() ? nullptr : &found->second;
  }

  Result<void> One(const std::string& name) {
    const auto* remote = Remote(kDefs, name + ".json");
    auto text = ReadFile(LocalPath(name), kDefLimit);
    if (!text && text.error().code != ErrorCode::NotFound) return Failure(text.error());
    std::optional<json::object> local;
    if (text) {
      auto fields = ParseMenuDef(*text);
      if (!fields) return Failure(fields.error());
      local = *std::move(fields);
    }
    SyncCase one;
    one.local = local ? &*local : nullptr;
    one.remote_sha = remote != nullptr ? std::string_view(remote->sha) : std::string_view();
    one.obsolete = obsolete_.contains(name);
    one.language_known = languages_.Size() == 0 || languages_.WithoutPrefix(name) != name;
    switch (DecideSync(one)) {
      case SyncAction::Nothing: return {};
      case SyncAction::SkipObsolete: return Explain(name, "is obsolete and left alone");
      case SyncAction::SkipUnknownLanguage:
        return Explain(name, "does not begin with a known language and is left alone");
      case SyncAction::Conflict: return Explain(name, "was changed here and in the repository; nothing is done");
      case SyncAction::Download: return Download(name, *remote, text ? *text : std::string());
      case SyncAction::Upload: return Upload(name, *local, remote, *text);
    }
    return {};
  }

  Result<void> Explain(const std::string& name, std::string_view what) {
    Tell("{} {}", name, what);
    return {};
  }

  /// Written only if nobody has changed it since it was read: what an administrator saves meanwhile must not be lost.
  Result<void> WriteDef(const std::string& name, const json::object& fields, const std::string& read) {
    const std::string now = ReadFile(LocalPath(name), kDefLimit).value_or(std::string());
    if (now != read)
      return Fail(ErrorCode::Busy, "it was changed meanwhile; the next synchronisation looks at it again");
    return WriteFileAtomically(LocalPath(name), PrintMenuDef(fields));
  }

  Result<void> Download(const std::string& name, const MenuRepository::File& remote, const std::string& read) {
    const auto text = repository_.Read(remote.sha, kDefLimit);
    if (!text) return Failure(text.error());
    auto fields = ReadRemoteDef(*text);
    if (!fields) return Failure(fields.error());
    (*fields)["name"] = name;
    // The definition last: it is there when all that it names is.
    auto fetched = FetchIcon(std::string(TextMember(*fields, "logo_url"))).and_then([&] {
      return FetchPage(std::string(TextMember(*fields, "extra_html")));
    });
    if (!fetched) return fetched;
    auto written = WriteDef(name, MarkSynchronised(*std::move(fields), remote.sha, ToDate(Clock().Wall())), read);
    if (written) Tell("downloaded {}", name);
    return written;
  }

  Result<void> FetchIcon(const std::string& icon) {
    const auto* file = icon.empty() ? nullptr : Remote(kImages, icon);
    if (file == nullptr) return {};
    const std::string path = settings_.menu_images_dir + icon;
    if (const auto facts = Look(path); facts && facts->bytes == file->bytes) return {};
    const auto bytes = repository_.Read(file->sha, kIconLimit);
    if (!bytes) return Failure(bytes.error());
    const bool is_drawing = icon.ends_with(".svg") && bytes->starts_with('<');
    if (!is_drawing && !EndingFits(icon, ImageEnding(*bytes)))
      return Fail(ErrorCode::Corrupt, "the icon {} is no image of that kind", icon);
    return WriteFileFor(settings_.apache_user, path, *bytes);
  }

  Result<void> FetchPage(const std::string& page) {
    const auto* file = page.empty() ? nullptr : Remote(kDefs, page);
    if (file == nullptr) return {};
    const auto bytes = repository_.Read(file->sha, kPageLimit);
    if (!bytes) return Failure(bytes.error());
    return WriteFileAtomically(settings_.menu_defs_dir + page, *bytes);
  }

  Result<void> Upload(const std::string& name, const json::object& local, const MenuRepository::File* remote,
                      const std::string& read) {
    if (!repository_.MayWrite()) return Explain(name, fmt::format("is not uploaded: {}", repository_.WhyNotWrite()));
    if (auto icon =
            SendBeside(settings_.menu_images_dir, kImages, std::string(TextMember(local, "logo_url")), IsImageName);
        !icon)
      return icon;
    if (auto page =
            SendBeside(settings_.menu_defs_dir, kDefs, std::string(TextMember(local, "extra_html")), IsExtraHtmlName);
        !page)
      return page;
    const json::object sent = ForUpload(local);
    const std::string path = std::string(kDefs) + name + ".json";
    const std::string text = PrintMenuDef(sent);
    const auto sha = repository_.Write(path, text, remote != nullptr ? remote->sha : std::string());
    if (!sha) return Failure(sha.error());
    const auto back = repository_.Read(*sha, kDefLimit);
    if (!back) return Failure(back.error());
    if (*back != text) return Fail(ErrorCode::Corrupt, "the repository does not have what was uploaded");
    auto written = WriteDef(name, MarkSynchronised(local, *sha, ToDate(Clock().Wall())), read);
    if (written) Tell("uploaded {}", name);
    return written;
  }

  /// A file beside the definition, when the repository has none of that name.
  Result<void> SendBeside(const std::string& from, std::string_view to, const std::string& file,
                          bool (*is_name)(std::string_view)) {
    if (file.empty() || Remote(to, file) != nullptr) return {};
    if (!is_name(file)) return Fail(ErrorCode::Corrupt, "\"{}\" cannot be uploaded: its name is not allowed", file);
    const auto facts = Look(from + file);
    if (!facts || !facts->is_regular) return {};
    const auto bytes = ReadFile(from + file, kIconLimit);
    if (!bytes) return Failure(bytes.error());
    return repository_.Write(std::string(to) + file, *bytes, {}).map([](const std::string&) {});
  }

  const Settings& settings_;
  MenuRepository repository_;
  const std::optional<Steady::time_point> end_;
  MenuRepository::Files files_;
  std::set<std::string, std::less<>> obsolete_;
  Languages languages_;
  bool said_ = false;
};

}  // namespace

StepEnd SyncMenuDefs(const Context& context, std::span<const std::string> arguments) {
  const auto options = Options::Parse(arguments, {{"--deadline", true}, {"--cloned", false}}, 0);
  if (!options) return Failure(options.error());
  const auto deadline = options->Number("--deadline", 0, 1);
  if (!deadline) return Failure(deadline.error());
  const std::string locks = context.settings.run_lock_dir + "iiab-menus/";
  if (auto made = MakeDirectories(locks); !made) return Failure(made.error());
  const auto lock = FileLock::Take(locks + "sync-menu-defs.LCK");
  if (!lock && lock.error().code == ErrorCode::Busy)
    return Fail(ErrorCode::Busy, "another synchronisation is under way");
  if (!lock) return Failure(lock.error());
  std::optional<Steady::time_point> end;
  if (*deadline > 0) end = Steady::now() + std::chrono::seconds(std::min(*deadline, 86'400LL));
  Sync sync(context, end);
  return options->Has("--cloned") ? sync.AdoptCopies() : sync.Run();
}

}  // namespace cmdsrv
