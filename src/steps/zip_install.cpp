// zip-install: the ZIMs of an unpacked archive, or of a directory copied from a stick, move into the library; the last
// step. What is to be moved is noted before the first file is, so that a run after a power cut knows it from the note.
#include <algorithm>
#include <map>

#include "base/json.hpp"
#include "base/names.hpp"
#include "base/text.hpp"
#include "content/zim_names.hpp"
#include "platform/files.hpp"
#include "platform/trees.hpp"
#include "steps/install.hpp"
#include "steps/kiwix_library.hpp"
#include "steps/options.hpp"
#include "steps/say.hpp"
#include "steps/step.hpp"
#include "steps/zim.hpp"

namespace cmdsrv {
namespace {

constexpr const char* kNote = ".moving.json";  ///< in the directory: {"x.zim": ["x.zimaa", "x.zimab"]}
constexpr std::size_t kNoteLimit = 1U << 20U;

/// The files of each ZIM by its name "x.zim".
using Zims = std::map<std::string, std::vector<std::string>>;

class Installation {
 public:
  Installation(const Context& context, const std::string& name)
      : context_(context),
        name_(name),
        directory_(context.settings.zim_working_dir + name + "/"),
        done_(context.settings.zim_working_dir + "." + name + ".installed"),
        source_(directory_ + "data/content/"),
        content_(context.settings.zim_dir + "content/"),
        index_(context.settings.zim_dir + "index/") {}

  StepEnd Run() {
    if (!Look(directory_.substr(0, directory_.size() - 1))) return WithoutDirectory();
    if (auto made = MakeDirectories(content_); !made) return Failure(made.error());
    const auto zims = FindZims();
    if (!zims) return Failure(zims.error());
    if (auto moved = Move(*zims); !moved) return Failure(moved.error());
    std::vector<std::string> names;
    for (const auto& [zim, parts] : *zims) names.push_back(zim);
    if (auto used = PutIntoUse(context_, names); !used) return Failure(used.error());
    if (auto removed = RemoveDirectory(); !removed) return Failure(removed.error());
    return fmt::format("{} installed", fmt::join(names, ", "));
  }

 private:
  /// An earlier run did everything, or there never was anything.
  StepEnd WithoutDirectory() {
    const bool was_ready = Look(done_).has_value();
    if (const auto removed = RemoveTree(done_); !removed) return Failure(removed.error());
    const std::string own = name_ + ".zim";
    if (was_ready || Look(content_ + FirstFileOf(content_, own))) {
      const std::vector<std::string> names = was_ready ? std::vector<std::string>{} : std::vector<std::string>{own};
      if (auto used = PutIntoUse(context_, names); !used) return Failure(used.error());
      return fmt::format("{} is in the library already", name_);
    }
    return Fail(ErrorCode::NotFound, "there is no {}, so there is nothing to install", directory_);
  }

  // What is to be moved.

  /// From the note of an earlier run, else from the directory; then each ZIM is proven before the first one is moved.
  Result<Zims> FindZims() {
    auto zims = ReadNote();
    if (zims.empty()) {
      auto content = ListContent(directory_ + "data/");
      if (!content) return Failure(content.error());
      if (!content->unusable.empty()) return Fail(ErrorCode::Corrupt, "{}", content->unusable.front());
      for (ContentZim& zim : content->zims) zims[zim.file] = std::move(zim.parts);
    }
    if (zims.empty()) return Fail(ErrorCode::NotFound, "there is no ZIM in {}", source_);
    for (const auto& [zim, parts] : zims) {
      if (auto proven = Prove(zim, parts); !proven) return Failure(proven.error());
    }
    if (auto fits = CheckSpace(zims); !fits) return Failure(fits.error());
    if (auto written = WriteNote(zims); !written) return Failure(written.error());
    return zims;
  }

  /// A ZIM of which parts have been moved already was proven before that.
  Result<void> Prove(const std::string& zim, const std::vector<std::string>& parts) const {
    for (const std::string& part : parts) {
      if (!IsPlainName(part)) return Fail(ErrorCode::Corrupt, "the name \"{}\" cannot be used for a ZIM", part);
      const auto facts = Look(source_ + part);
      if (facts && !facts->is_regular) return Fail(ErrorCode::Corrupt, "{}{} is no regular file", source_, part);
      if (!facts && Look(content_ + part)) return {};
      if (!facts) return Fail(ErrorCode::NotFound, "{}{} is gone", source_, part);
    }
    Say("checking {}", zim);
    return zim_tools::CheckZim(source_ + zim, zim_tools::Depth::WholeFile);
  }

  /// Within a file system a move needs no space.
  Result<void> CheckSpace(const Zims& zims) const {
    const auto here = SpaceAt(directory_);
    const auto there = SpaceAt(content_);
    if (!here || !there || here->device == there->device) return {};
    std::uint64_t bytes = 0;
    for (const auto& [zim, parts] : zims) {
      for (const std::string& part : parts) {
        if (const auto facts = Look(source_ + part)) bytes += facts->bytes;
      }
    }
    if (bytes + bytes / 20 <= there->available_bytes) return {};
    return Fail(ErrorCode::NoSpace, "there is not enough space in {}: {} are needed and {} are free", content_,
                HumanSize(static_cast<double>(bytes)), HumanSize(static_cast<double>(there->available_bytes)));
  }

  Zims ReadNote() const {
    Zims zims;
    const auto text = ReadFile(directory_ + kNote, kNoteLimit);
    const auto note = text ? ParseJson(*text) : Result<json::value>(json::value());
    if (!note || !note->is_object()) return zims;
    for (const auto& [key, parts] : note->get_object()) {
      const std::string zim(key);
      for (const json::value& part : parts.is_array() ? parts.get_array() : json::array()) {
        // The note is ours; a name that a step before could not have written would lead somewhere else.
        if (part.is_string() && IsPlainName(part.get_string()) && WholeZimName(part.get_string()) == zim)
          zims[zim].emplace_back(part.get_string());
      }
    }
    return zims;
  }

  Result<void> WriteNote(const Zims& zims) const {
    json::object note;
    for (const auto& [zim, parts] : zims) {
      json::array files;
      for (const std::string& part : parts) files.emplace_back(part);
      note[zim] = std::move(files);
    }
    return WriteFileAtomically(directory_ + kNote, PrintJsonIndented(note));
  }

  // Moving.

  Result<void> Move(const Zims& zims) {
    for (const auto& [zim, parts] : zims) {
      Say("moving {} into the library", zim);
      const bool split = parts.front() != zim;
      auto moved = split ? MoveParts(zim, parts) : MoveOne(zim);
      if (!moved) return moved;
      if (auto cleared = RemoveOthers(zim, parts); !cleared) return cleared;
    }
    return MoveIndexes();
  }

  Result<void> MoveOne(const std::string& file) const {
    return Look(source_ + file) ? MoveFileDurably(source_ + file, content_ + file) : Result<void>{};
  }

  /// The first part comes last, and an old first part goes first: without it nobody takes the others for a ZIM.
  Result<void> MoveParts(const std::string& zim, const std::vector<std::string>& parts) const {
    if (Look(source_ + parts.front())) {
      if (const auto removed = RemoveFile(content_ + parts.front()); !removed) return Failure(removed.error());
      if (auto cleared = RemoveOthers(zim, parts, zim); !cleared) return cleared;
    }
    for (std::size_t i = parts.size(); i-- > 0;) {
      if (auto moved = MoveOne(parts[i]); !moved) return moved;
    }
    return {};
  }

  /// Files of an older one of the same name, which was split otherwise or not at all; `spared` stays.
  Result<void> RemoveOthers(const std::string& zim, const std::vector<std::string>& parts,
                            const std::string& spared = {}) const {
    const auto files = ListDirectory(content_);
    if (!files) return Failure(files.error());
    for (const std::string& file : *files) {
      if (WholeZimName(file) != zim || file == spared || std::ranges::find(parts, file) != parts.end()) continue;
      if (const auto removed = RemoveFile(content_ + file); !removed) return Failure(removed.error());
    }
    return {};
  }

  /// Search indexes of ZIMs from before 2016. One that is there already stays.
  Result<void> MoveIndexes() const {
    const std::string from = directory_ + "data/index/";
    const auto names = ListDirectory(from);
    if (!names) return names.error().code == ErrorCode::NotFound ? Result<void>{} : Failure(names.error());
    for (const std::string& name : *names) {
      const auto facts = Look(from + name);
      if (!name.ends_with(".idx") || !facts || !facts->is_directory || Look(index_ + name)) continue;
      auto moved = MakeDirectories(index_).and_then([&] { return MoveTreeDurably(from + name, index_ + name); });
      if (!moved) return moved;
    }
    return {};
  }

  /// Renamed first: a directory of this name means that everything before was done.
  Result<void> RemoveDirectory() const {
    if (const auto removed = RemoveTree(done_); !removed) return Failure(removed.error());
    return MoveTreeDurably(directory_.substr(0, directory_.size() - 1), done_).and_then([&] {
      return RemoveTree(done_).map([](bool) {});
    });
  }

  const Context& context_;
  const std::string name_;
  const std::string directory_;  ///< working/NAME/
  const std::string done_;       ///< what is left of it when all is done
  const std::string source_;
  const std::string content_;
  const std::string index_;
};

}  // namespace

StepEnd ZipInstall(const Context& context, std::span<const std::string> arguments) {
  const auto options = Options::Parse(arguments, {}, 1);
  if (!options) return Failure(options.error());
  const auto name = options->PlainName();
  if (!name) return Failure(name.error());
  return Installation(context, *name).Run();
}

}  // namespace cmdsrv
