// kiwix-catalog: the ZIMs that Kiwix and IIAB offer become /etc/iiab/kiwix_catalog.json.
#include <algorithm>
#include <chrono>
#include <cstdio>

#include "base/clock.hpp"
#include "base/time_text.hpp"
#include "content/kiwix_catalog.hpp"
#include "content/opds.hpp"
#include "platform/files.hpp"
#include "steps/net.hpp"
#include "steps/options.hpp"
#include "steps/say.hpp"
#include "steps/step.hpp"

namespace cmdsrv {
namespace {

constexpr std::uint64_t kCatalogLimit = 64U << 20U;
constexpr long long kDeadline = 600;
constexpr std::size_t kFewest = 100;

using Steady = std::chrono::steady_clock;

class CatalogUpdate {
 public:
  CatalogUpdate(const Settings& settings, bool talks, std::chrono::seconds deadline)
      : settings_(settings), talks_(talks), end_(Steady::now() + deadline) {}

  Result<void> Run(bool force) {
    const auto kiwix = FetchKiwix();
    if (!kiwix) return Failure(kiwix.error());
    const std::string old = ReadFile(settings_.kiwix_catalog_file).value_or(std::string());
    const CatalogEntries iiab = FetchIiab(old);
    std::size_t count = 0;
    const std::string text = PrintKiwixCatalog(ToDownloadDate(Clock().Wall()), {&*kiwix, &iiab}, &count);
    if (auto good = Compare(text, count, old, force); !good) return good;
    if (auto written = WriteFileAtomically(settings_.kiwix_catalog_file, text); !written) return written;
    Tell("wrote {} ZIMs to {}; {} entries were left out", count, settings_.kiwix_catalog_file,
         kiwix->left_out + iiab.left_out);
    return {};
  }

 private:
  template <class... Args>
  void Tell(fmt::format_string<Args...> format, Args&&... args) const {
    if (talks_) Say(format, std::forward<Args>(args)...);
  }

  net::Deadlines Deadlines() const {
    const auto left = std::chrono::ceil<std::chrono::seconds>(end_ - Steady::now()).count();
    const long total = static_cast<long>(std::max<long long>(left, 1));
    return {std::min(30L, total), std::min(60L, total), total};
  }

  Result<CatalogEntries> FetchKiwix() const {
    Tell("fetching {}", settings_.kiwix_opds_url);
    const auto text = net::Get(settings_.kiwix_opds_url, kCatalogLimit, Deadlines());
    if (!text) return Failure(text.error());
    auto entries = ParseOpdsFeed(*text);
    if (entries) Tell("Kiwix offers {} ZIMs", entries->entries.size());
    return entries;
  }

  /// Those of the previous catalog when the small one cannot be had: it is no reason to go without the large one.
  CatalogEntries FetchIiab(const std::string& old) const {
    Tell("fetching {}", settings_.iiab_zim_cat_url);
    const auto text = net::Get(settings_.iiab_zim_cat_url, kCatalogLimit, Deadlines());
    auto entries = text ? ParseIiabZimCatalog(*text) : Failure(text.error());
    if (entries) {
      Tell("IIAB offers {} ZIMs", entries->entries.size());
      return *std::move(entries);
    }
    Tell("{}; keeping the IIAB ZIMs of the previous catalog", entries.error().message);
    return KeepIiabEntries(old).value_or(CatalogEntries{});
  }

  /// A server that answers with a part of its catalog must not take away what people can install.
  Result<void> Compare(const std::string& text, std::size_t count, const std::string& old, bool force) const {
    const auto read_back = KiwixCatalog::Parse(text);
    if (!read_back || read_back->Size() != count)
      return Fail(ErrorCode::Internal, "the new catalog cannot be read back, so it is not taken");
    if (force) return {};
    if (count < kFewest)
      return Fail(ErrorCode::Refused, "the new catalog has only {} ZIMs and is not taken; --force takes it", count);
    const auto previous = KiwixCatalog::Parse(old);
    const std::size_t before = previous ? previous->Size() : 0;
    if (count * 2 < before)
      return Fail(ErrorCode::Refused,
                  "the new catalog has {} ZIMs, the previous one {}: it is not taken; --force takes it", count, before);
    return {};
  }

  const Settings& settings_;
  const bool talks_;
  const Steady::time_point end_;
};

}  // namespace

StepEnd KiwixCatalogStep(const Context& context, std::span<const std::string> arguments) {
  const auto options = Options::Parse(arguments, {{"-v", false}, {"--force", false}, {"--deadline", true}}, 0);
  if (!options) return Failure(options.error());
  const auto deadline = options->Number("--deadline", kDeadline, 1);
  if (!deadline) return Failure(deadline.error());
  const std::chrono::seconds limit(std::min(*deadline, 86'400LL));
  const auto updated = CatalogUpdate(context.settings, options->Has("-v"), limit).Run(options->Has("--force"));
  if (!updated) {
    SayLine(updated.error().message);
    return Fail(ErrorCode::Unavailable, "GET-KIWIX-CAT ERROR - Failed to get Catalog");
  }
  std::fputs("SUCCESS", stdout);  // without newline: the server compares the whole output
  std::fflush(stdout);
  return std::string();
}

}  // namespace cmdsrv
