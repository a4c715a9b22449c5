#include "steps/zip_tree.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/text.hpp"
#include "platform/files.hpp"
#include "platform/trees.hpp"
#include "steps/progress.hpp"

namespace cmdsrv {
namespace {

using zip_tools::Take;
using zip_tools::ZipEntry;

constexpr std::size_t kMostBytesOfName = 1024;
constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 56U;  ///< sums of sizes must not run over
constexpr const char* kNote = ".unpacked-from";                ///< in the directory: which archive it is of
constexpr std::string_view kPartEnding = ".part";

struct Place {
  std::string directory;  ///< relative to the directory that is unpacked into
  std::string file;
};

Place Cut(const std::string& path) {
  const auto slash = path.rfind('/');
  return {path.substr(0, slash), path.substr(slash + 1)};
}

/// A directory that appears file by file: each under its name only when its checksum was right and it is on the disk.
class Unpacking {
 public:
  Unpacking(std::string zip, std::string directory, const ZipTree& plan, const ZipChoice& choice)
      : zip_(std::move(zip)),
        directory_(std::move(directory)),
        plan_(plan),
        choice_(choice),
        progress_("unpack", plan_.bytes) {}
  Unpacking(const Unpacking&) = delete;
  Unpacking& operator=(const Unpacking&) = delete;

  /// The file that was being written when it failed is of no use: an archive cannot be resumed within a file.
  ~Unpacking() {
    if (part_) ::unlinkat(parent_.Get(), (Cut(path_).file + std::string(kPartEnding)).c_str(), 0);
  }

  Result<void> Run() {
    if (auto ready = TakeDirectory().and_then([&] { return CheckSpace(); }); !ready) return ready;
    progress_.Report(done_);
    return zip_tools::ReadZip(zip_, {.entry = [this](const ZipEntry& entry) { return Begin(entry); },
                                     .data = [this](std::string_view piece) { return Write(piece); },
                                     .end = [this] { return End(); },
                                     .table_limit = choice_.table_limit})
        .and_then([&] { return CheckAll(); });
  }

 private:
  /// What was unpacked from another archive goes; what was unpacked from this one stays and is not unpacked again.
  Result<void> TakeDirectory() {
    const auto facts = Look(zip_);
    if (!facts) return Fail(ErrorCode::NotFound, "there is no {}", zip_);
    const std::string note = fmt::format("{} {} {}\n", facts->bytes, facts->mtime_ns, facts->inode);
    if (const auto old = ReadFile(directory_ + kNote, 4096); !old || *old != note) {
      if (const auto removed = RemoveTree(directory_); !removed) return Failure(removed.error());
    }
    if (auto made = MakeDirectories(directory_); !made) return made;
    if (auto written = WriteFileAtomically(directory_ + kNote, note); !written) return written;
    root_.Reset(::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!root_) return FailFromErrno(errno, "open " + directory_);
    return {};
  }

  /// The archive's own word for its sizes is enough: not one byte more than that is written.
  Result<void> CheckSpace() {
    std::uint64_t missing = 0;
    for (const auto& [path, bytes] : plan_.files) {
      if (!IsThere(path, bytes)) missing += bytes;
    }
    const auto space = SpaceAt(directory_);
    if (!space) return Failure(space.error());
    if (missing + missing / 20 <= space->available_bytes) return {};
    return Fail(ErrorCode::NoSpace, "there is not enough space in {}: unpacked it needs {} more and {} are free",
                directory_, HumanSize(static_cast<double>(missing)),
                HumanSize(static_cast<double>(space->available_bytes)));
  }

  bool IsThere(const std::string& path, std::uint64_t bytes) const {
    const auto facts = Look(directory_ + path);
    return facts && facts->is_regular && facts->bytes == bytes;
  }

  Result<Take> Begin(const ZipEntry& entry) {
    auto place = choice_.place_of(entry);
    if (!place) return Failure(place.error());
    const auto planned = plan_.files.find(*place);
    if (place->empty() || planned == plan_.files.end()) return Take::Skip;
    if (IsThere(*place, planned->second)) {
      Count(planned->second);
      return Take::Skip;
    }
    path_ = *std::move(place);
    left_ = planned->second;
    if (auto opened = OpenPart(); !opened) return Failure(opened.error());
    return Take::Data;
  }

  Result<void> OpenPart() {
    const Place place = Cut(path_);
    auto parent = MakeDirectoriesBeneath(root_.Get(), place.directory);
    if (!parent) return Failure(parent.error());
    parent_ = *std::move(parent);
    const std::string part = place.file + std::string(kPartEnding);
    if (::unlinkat(parent_.Get(), part.c_str(), 0) != 0 && errno != ENOENT)
      return FailFromErrno(errno, fmt::format("remove {}{}{}", directory_, path_, kPartEnding));
    auto opened = OpenBeneath(parent_.Get(), part, O_WRONLY | O_CREAT | O_EXCL, 0644);
    if (!opened) return Failure(opened.error());
    part_ = *std::move(opened);
    // A disk that is too small says so now. Not every file system can reserve.
    if (left_ > 0 && ::fallocate(part_.Get(), FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(left_)) != 0 &&
        errno == ENOSPC)
      return FailFromErrno(ENOSPC, "write " + directory_ + path_);
    return {};
  }

  Result<void> Write(std::string_view piece) {
    if (piece.size() > left_)
      return Fail(ErrorCode::Corrupt, "it is damaged: {} is longer than the archive says", path_);
    left_ -= piece.size();
    if (auto written = WriteAll(part_.Get(), piece, directory_ + path_); !written) return written;
    Count(piece.size());
    return {};
  }

  Result<void> End() {
    if (left_ != 0) return Fail(ErrorCode::Corrupt, "it is damaged: {} is shorter than the archive says", path_);
    const std::string file = Cut(path_).file;
    if (::fsync(part_.Get()) != 0) return FailFromErrno(errno, "sync " + directory_ + path_);
    part_.Reset();
    if (::renameat(parent_.Get(), (file + std::string(kPartEnding)).c_str(), parent_.Get(), file.c_str()) != 0)
      return FailFromErrno(errno, "make " + directory_ + path_);
    if (::fsync(parent_.Get()) != 0 && errno != EINVAL) return FailFromErrno(errno, "sync the directory of " + path_);
    return {};
  }

  void Count(std::uint64_t bytes) {
    done_ += bytes;
    progress_.Report(done_);
  }

  Result<void> CheckAll() {
    progress_.Finish(done_);
    for (const auto& [path, bytes] : plan_.files) {
      if (!IsThere(path, bytes)) return Fail(ErrorCode::Corrupt, "it is damaged: {} was not in it after all", path);
    }
    return {};
  }

  const std::string zip_;
  const std::string directory_;
  const ZipTree& plan_;
  const ZipChoice& choice_;
  Progress progress_;
  UniqueFd root_, parent_, part_;
  std::string path_;        ///< of the file that is being written, below the directory
  std::uint64_t left_ = 0;  ///< bytes that may still come for it
  std::uint64_t done_ = 0;
};

}  // namespace

Result<std::vector<std::string_view>> PartsOfName(const std::string& path) {
  if (path.empty() || path.size() > kMostBytesOfName)
    return Fail(ErrorCode::Refused, "the archive has an entry whose name cannot be used");
  if (path.front() == '/')
    return Fail(ErrorCode::Refused, "the archive wants to write to the absolute path \"{}\"", Shorten(path, 200));
  std::vector<std::string_view> parts;
  for (const std::string_view part : Split(path, '/')) {
    if (part == "..")
      return Fail(ErrorCode::Refused, "the archive wants to write outside of its directory: \"{}\"",
                  Shorten(path, 200));
    if (!part.empty() && part != ".") parts.push_back(part);
  }
  return parts;
}

Result<ZipTree> PlanTree(const std::string& zip, const ZipChoice& choice) {
  ZipTree tree;
  std::size_t entries = 0;
  const auto look = [&](const ZipEntry& entry) -> Result<Take> {
    if (++entries > choice.most_entries)
      return Fail(ErrorCode::Refused, "the archive has more than {} entries", choice.most_entries);
    const auto place = choice.place_of(entry);
    if (!place) return Failure(place.error());
    if (place->empty()) return Take::Skip;
    if (!tree.files.emplace(*place, entry.bytes).second)
      return Fail(ErrorCode::Refused, "the archive has two files of the name \"{}\"", *place);
    if (entry.bytes > kMostBytes || tree.bytes + entry.bytes > kMostBytes)
      return Fail(ErrorCode::Refused, "\"{}\" in the archive is larger than any disk", *place);
    tree.bytes += entry.bytes;
    return Take::Skip;
  };
  auto read = zip_tools::ReadZip(zip, {.entry = look, .data = {}, .table_limit = choice.table_limit});
  if (!read) return Failure(read.error());
  return tree;
}

Result<void> UnpackTree(const std::string& zip, const std::string& directory, const ZipTree& tree,
                        const ZipChoice& choice) {
  return Unpacking(zip, directory, tree, choice).Run();
}

}  // namespace cmdsrv
