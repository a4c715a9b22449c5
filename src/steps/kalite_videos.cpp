// kalite-videos: the videos of some topics, each with its picture; KA Lite then looks at what is there.
#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "content/kalite.hpp"
#include "platform/files.hpp"
#include "steps/fetch.hpp"
#include "steps/foreign_db.hpp"
#include "steps/kalite.hpp"
#include "steps/options.hpp"
#include "steps/rsync.hpp"
#include "steps/say.hpp"
#include "steps/step.hpp"

namespace cmdsrv {
namespace {

constexpr std::size_t kMostTopics = 200;

Proof ProveMedia(const std::string& path, const ProofDemands& demands) {
  const auto facts = Look(path);
  if (!facts || !facts->is_regular) return {ProofFailure::Unreadable, path + " is no regular file"};
  if (IsWebPageFile(path)) return {ProofFailure::WebPage, "the server sent a web page instead of the file"};
  if (facts->bytes == 0 || (demands.bytes != 0 && facts->bytes < demands.bytes))
    return {ProofFailure::TooShort, fmt::format("the server sent only {} bytes", facts->bytes)};
  if (demands.bytes != 0 && facts->bytes > demands.bytes)
    return {ProofFailure::WrongSize, fmt::format("{} has {} bytes instead of {}", path, facts->bytes, demands.bytes)};
  return {};
}

class Videos {
 public:
  Videos(const Context& context, const Kalite& kalite, const std::string& language)
      : context_(context), kalite_(kalite), language_(language) {}

  /// Each topic must be known. LIKE knows two wild cards, and `_` is in many paths.
  Result<void> Choose(std::span<const std::string> topics) {
    for (const std::string& topic : topics) {
      const auto known = ReadForeignDb(kalite_.Database(language_),
                                       "SELECT 1 FROM item WHERE kind = 'Topic' AND path = ?1 LIMIT 1", {topic});
      if (!known) return Failure(known.error());
      if (known->empty()) return Fail(ErrorCode::NotFound, "KA Lite knows no topic {} in {}", topic, language_);
      const auto videos = ReadForeignDb(kalite_.Database(language_),
                                        "SELECT DISTINCT youtube_id FROM item WHERE youtube_id IS NOT NULL AND "
                                        "substr(path, 1, length(?1)) = ?1 ORDER BY youtube_id",
                                        {topic});
      if (!videos) return Failure(videos.error());
      for (const DbRow& row : *videos) Add(row.front());
    }
    return {};
  }

  std::size_t Wanted() const { return files_.size(); }
  const std::vector<std::string>& Failed() const { return failed_; }
  /// What failed is worth another try, for some of it at least: the server has it, or did not say that it has not.
  bool MayCome() const { return may_come_; }

  /// One file after the other. What concerns all of them ends it: no network, no space.
  Result<void> Fetch() {
    const auto working = kalite_.WorkingDirectory();
    if (!working) return Failure(working.error());
    if (auto made = MakeDirectories(kalite_.ContentDirectory()); !made) return made;
    for (const std::string& file : files_) {
      if (Look(kalite_.ContentDirectory() + file)) continue;
      if (auto room = CheckReserve(context_, *working); !room) return room;
      const auto got = FetchOne(file, *working);
      if (got) continue;
      const ErrorCode code = got.error().code;
      if (code == ErrorCode::NoNetwork || code == ErrorCode::NoSpace || code == ErrorCode::Busy) return got;
      may_come_ = may_come_ || code == ErrorCode::TryLater || code == ErrorCode::Timeout;
      Say("{}", got.error().message);
      failed_.push_back(file);
    }
    return {};
  }

 private:
  void Add(const std::string& video) {
    if (!IsKaliteVideo(video)) {
      Say("left out a video of the name \"{}\"", Shorten(video, 80));
      return;
    }
    files_.insert(video + ".mp4");
    files_.insert(video + ".png");
  }

  Result<void> FetchOne(const std::string& file, const std::string& working) const {
    const StepEnd fetched = FetchFile(
        context_,
        {.url = fmt::format("{}/{}/{}", context_.settings.kalite_url, language_, file),
         .metalink = {},
         .file_ref = file,
         .tries = 2},
        {.directory = working, .file = file, .lock_prefix = "kalite-video", .needless = {}, .prove = ProveMedia});
    if (!fetched) return Failure(fetched.error());
    return MoveFileDurably(working + file, kalite_.ContentDirectory() + file);
  }

  const Context& context_;
  const Kalite& kalite_;
  const std::string& language_;
  std::set<std::string> files_;
  std::vector<std::string> failed_;
  bool may_come_ = false;
};

Result<void> CheckArguments(std::span<const std::string> operands) {
  if (auto known = CheckKaliteLanguage(operands.front()); !known) return known;
  if (!std::ranges::all_of(operands.subspan(1), IsKaliteTopic))
    return Fail(ErrorCode::Malformed, "a topic has letters, digits, _, - and / and does not begin with -");
  return {};
}

}  // namespace

StepEnd KaliteVideos(const Context& context, std::span<const std::string> arguments) {
  const auto options = Options::Parse(arguments, {}, 2, kMostTopics + 1);
  if (!options) return Failure(options.error());
  const std::span<const std::string> operands(options->Operands());
  if (auto good = CheckArguments(operands); !good) return Failure(good.error());
  const auto kalite = Kalite::Find(context);
  if (!kalite) return Failure(kalite.error());
  Videos videos(context, *kalite, operands.front());
  if (auto chosen = videos.Choose(operands.subspan(1)); !chosen) return Failure(chosen.error());
  if (auto fetched = videos.Fetch(); !fetched) return Failure(fetched.error());
  // What did arrive is to be seen, whatever else is missing.
  if (auto scanned = kalite->Manage({"videoscan", "-l" + operands.front()}); !scanned) return Failure(scanned.error());
  const std::size_t failed = videos.Failed().size();
  if (failed > 0) Say("{} of {} files failed: {}", failed, videos.Wanted(), fmt::join(videos.Failed(), ", "));
  if (failed * 2 > videos.Wanted())
    return Fail(videos.MayCome() ? ErrorCode::TryLater : ErrorCode::NotFound,
                "more than half of the {} files could not be fetched", videos.Wanted());
  return std::string("SUCCESS");
}

}  // namespace cmdsrv
