// kalite-language: what KA Lite needs for content in a language: a zone, the English pack, the pack of the language.
#include <algorithm>

#include "base/text.hpp"
#include "content/kalite.hpp"
#include "platform/files.hpp"
#include "platform/process.hpp"
#include "steps/fetch.hpp"
#include "steps/foreign_db.hpp"
#include "steps/kalite.hpp"
#include "steps/options.hpp"
#include "steps/say.hpp"
#include "steps/step.hpp"
#include "steps/zip.hpp"
#include "steps/zip_proof.hpp"

namespace cmdsrv {
namespace {

constexpr std::uint64_t kSmallestDatabase = 100'000;  ///< bytes; the one that KA Lite comes with is smaller
constexpr std::size_t kSettingsLimit = 1U << 20U;
constexpr std::string_view kEnglish = "en";
constexpr std::string_view kLanguageSetting = "LANGUAGE_CODE";

Result<void> LookIntoPack(const std::string& path) {
  bool has_file = false;
  const auto read =
      zip_tools::ReadZip(path, {.entry = [&](const zip_tools::ZipEntry& entry) -> Result<zip_tools::Take> {
                                  has_file |= entry.kind == zip_tools::ZipEntry::Kind::File;
                                  return zip_tools::Take::Skip;
                                },
                                .data = {}});
  if (!read || has_file) return read;
  return Fail(ErrorCode::Corrupt, "there is no file in it");
}

bool SetsLanguage(std::string_view settings) {
  const auto sets = [](std::string_view line) {
    line = Trim(line);
    if (!line.starts_with(kLanguageSetting)) return false;
    return Trim(line.substr(kLanguageSetting.size())).starts_with('=');
  };
  return std::ranges::any_of(Split(settings, '\n'), sets);
}

class Languages {
 public:
  Languages(const Context& context, const Kalite& kalite)
      : context_(context), kalite_(kalite), flags_(context.root.Path("/etc/iiab/install-flags/")) {}

  Result<void> Install(const std::string& language) {
    auto done = MakeDirectories(flags_).and_then([&] { return MakeZone(); }).and_then([&] {
      return GetPack(std::string(kEnglish));
    });
    if (done && language != kEnglish) {
      done = GetPack(language).and_then([&] { return SwitchTo(language); });
    }
    return done;
  }

 private:
  std::string Flag(std::string_view what) const { return fmt::format("{}kalite-{}-complete", flags_, what); }

  Result<void> MakeZone() const {
    if (Look(Flag("zone"))) return {};
    return kalite_.Manage({"generate_zone"}).and_then([&] { return WriteFileAtomically(Flag("zone"), ""); });
  }

  /// Proven by what KA Lite made of it: a database that knows topics.
  Result<void> GetPack(const std::string& language) const {
    const auto database = Look(kalite_.Database(language));
    if (database && database->bytes >= kSmallestDatabase) return {};
    const auto directory = kalite_.WorkingDirectory();
    if (!directory) return Failure(directory.error());
    const std::string file = language + ".zip";
    const StepEnd fetched = FetchFile(context_,
                                      {.url = fmt::format("{}/lang-packs/{}", context_.settings.kalite_url, file),
                                       .metalink = {},
                                       .file_ref = language},
                                      {.directory = *directory,
                                       .file = file,
                                       .lock_prefix = "kalite-pack",
                                       .needless = {},
                                       .prove = [](const std::string& path, const ProofDemands& demands) {
                                         return ProveArchive(path, demands, [&] { return LookIntoPack(path); });
                                       }});
    if (!fetched) return Failure(fetched.error());
    SayLine(*fetched);
    if (auto taken = kalite_.Manage({"retrievecontentpack", "local", language, file}, *directory); !taken) return taken;
    const auto topics = ReadForeignDb(kalite_.Database(language), "SELECT count(*) FROM item WHERE kind = 'Topic'");
    if (!topics) return Fail(ErrorCode::Io, "KA Lite did not take the pack {}: {}", file, topics.error().message);
    if (const auto removed = RemoveFile(*directory + file); !removed) Say("warning: {}", removed.error().message);
    return WriteFileAtomically(Flag(language + ".zip"), "");
  }

  /// A language that somebody has chosen already stays. The flag comes last: until then a run begins here again.
  Result<void> SwitchTo(const std::string& language) const {
    const std::string flag = Flag("language");
    auto settings = ReadFile(kalite_.SettingsFile(), kSettingsLimit);
    if (!settings && settings.error().code != ErrorCode::NotFound) return Failure(settings.error());
    std::string text = settings.value_or("");
    const bool chosen = SetsLanguage(text);
    if (chosen && Look(flag)) return {};
    if (!chosen) {
      if (!text.empty() && !text.ends_with('\n')) text += '\n';
      text += fmt::format("{} = '{}'\n", kLanguageSetting, language);
      auto written = WriteFileAtomically(kalite_.SettingsFile(), text);
      if (!written) return written;
    }
    Restart();
    return WriteFileAtomically(flag, language + "\n");
  }

  void Restart() const {
    const auto systemctl = context_.root.FindActingProgram("systemctl");
    if (!systemctl) return;
    const auto end = RunProgram({*systemctl, "restart", "kalite-serve.service"},
                                {.deadline = std::chrono::seconds(60), .environment = context_.environment});
    if (!end) {
      Say("warning: {}", end.error().message);
    } else if (!end->exited || end->status != 0) {
      Say("warning: cannot restart kalite-serve, which still speaks its old language: {}", Describe(*end));
    }
  }

  const Context& context_;
  const Kalite& kalite_;
  const std::string flags_;
};

}  // namespace

StepEnd KaliteLanguage(const Context& context, std::span<const std::string> arguments) {
  const auto options = Options::Parse(arguments, {}, 1);
  if (!options) return Failure(options.error());
  const std::string& language = options->Operands().front();
  if (auto known = CheckKaliteLanguage(language); !known) return Failure(known.error());
  const auto kalite = Kalite::Find(context);
  if (!kalite) return Failure(kalite.error());
  if (auto done = Languages(context, *kalite).Install(language); !done) return Failure(done.error());
  return fmt::format("KA Lite has the language {}", language);
}

}  // namespace cmdsrv
