// zip-unpack: the content of a downloaded archive into a directory of its own, the second step of three.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/text.hpp"
#include "platform/files.hpp"
#include "platform/trees.hpp"
#include "steps/options.hpp"
#include "steps/progress.hpp"
#include "steps/say.hpp"
#include "steps/step.hpp"
#include "steps/zip_plan.hpp"

namespace cmdsrv {
namespace {

using zip_tools::Take;
using zip_tools::ZipEntry;

constexpr const char* kNote = ".unpacked-from";  ///< in the directory: which archive it is of
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
  Unpacking(std::string zip, std::string directory, ZipPlan plan)
      : zip_(std::move(zip)),
        directory_(std::move(directory)),
        plan_(std::move(plan)),
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
                                     .end = [this] { return End(); }})
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
    auto place = PlaceOf(entry);
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
  const ZipPlan plan_;
  Progress progress_;
  UniqueFd root_, parent_, part_;
  std::string path_;        ///< of the file that is being written, below the directory
  std::uint64_t left_ = 0;  ///< bytes that may still come for it
  std::uint64_t done_ = 0;
};

struct Request {
  std::string name, zip;
  std::uint64_t size_k = 0;
};

Result<Request> ReadRequest(const Settings& settings, std::span<const std::string> arguments) {
  const auto options = Options::Parse(arguments, {{"--size-k", true}}, 1);
  if (!options) return Failure(options.error());
  const auto size_k = options->Number("--size-k", 0, 0);
  if (!size_k) return Failure(size_k.error());
  const auto zip = ZipName(settings.zim_download_prefix, options->Operands().front());
  if (!zip) return Failure(zip.error());
  return Request{options->Operands().front(), settings.zim_downloads_dir + *zip, static_cast<std::uint64_t>(*size_k)};
}

Result<ZipPlan> Plan(const Request& request) {
  const auto facts = Look(request.zip);
  if (!facts) return Fail(ErrorCode::NotFound, "there is no {}; install the ZIM again to download it", request.zip);
  auto plan = PlanZip(request.zip);
  if (!plan) return plan;
  if (auto fits = CheckCatalogSize(*plan, facts->bytes, request.size_k); !fits) return Failure(fits.error());
  return plan;
}

/// An archive that can never be unpacked goes: kept, it would be taken for a finished download the next time.
Failure GiveUp(const Request& request, const std::string& directory, const Error& error) {
  const bool hopeless = error.code == ErrorCode::Corrupt || error.code == ErrorCode::Refused;
  if (!hopeless) return Failure(error);
  const auto removed = RemoveFile(request.zip);
  (void)RemoveTree(directory);  // of no use without its archive; what cannot be removed goes with the next one
  return Fail(error.code, "cannot unpack {}: {}{}", request.zip, error.message,
              removed ? "; the archive is removed, installing it again downloads it again" : "");
}

}  // namespace

StepEnd ZipUnpack(const Context& context, std::span<const std::string> arguments) {
  const Settings& settings = context.settings;
  const auto request = ReadRequest(settings, arguments);
  if (!request) return Failure(request.error());
  const std::string locks = settings.run_lock_dir + "iiab-cmdsrv/";
  if (auto made = MakeDirectories(locks); !made) return Failure(made.error());
  const auto lock = FileLock::Take(fmt::format("{}zip-unpack-{}.lck", locks, request->name));
  if (!lock) return Failure(lock.error());
  const std::string directory = settings.zim_working_dir + request->name + "/";
  auto plan = Plan(*request);
  if (!plan) return GiveUp(*request, directory, plan.error());
  const std::size_t files = plan->files.size();
  const double bytes = static_cast<double>(plan->bytes);
  if (auto done = Unpacking(request->zip, directory, *std::move(plan)).Run(); !done)
    return GiveUp(*request, directory, done.error());
  return fmt::format("unpacked {}: {} files, {}", request->zip, files, HumanSize(bytes));
}

}  // namespace cmdsrv
