// A box with a great catalog, many ZIM files and many menu item definitions: what the server and its steps make of
// them.
//   bench_content [--catalog 10000] [--installed 500] [--definitions 2000] [--rounds 15] [--seconds 3]
#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "base/json.hpp"
#include "content/kiwix_catalog.hpp"
#include "content/library_xml.hpp"
#include "content/menu.hpp"
#include "content/zim_upgrades.hpp"
#include "load.hpp"
#include "measure.hpp"
#include "support/ask.hpp"
#include "support/files.hpp"
#include "support/steps.hpp"
#include "support/test_box.hpp"

namespace cmdsrv::bench {
namespace {

struct Sizes {
  long catalog, installed, definitions;
};

test::BoxOptions BoxOf(const Sizes& sizes) {
  test::BoxOptions options = test::SmallBox();
  options.catalog_entries = static_cast<unsigned>(sizes.catalog);
  return options;
}

/// The installed ones are a year older than those of the catalog.
std::string OldStem(const CatalogZim& zim) { return zim.perma_ref + "_2025-01"; }

class GreatBox {
 public:
  explicit GreatBox(const Sizes& sizes) : box(BoxOf(sizes)) {
    const auto catalog = KiwixCatalog::Parse(test::OrThrow(test::ReadText(catalog_file)));
    if (!catalog) CannotMeasure(catalog.error().message);
    for (const CatalogZim& zim : catalog->All()) {
      if (zims_.size() < static_cast<std::size_t>(sizes.installed)) zims_.push_back(zim);
    }
    InstallZims();
    Define(sizes.definitions);
  }

  /// All but one of the installed ZIMs have their item; `whole` adds that one too.
  void SetMenu(bool whole) {
    std::vector<std::string> items;
    for (std::size_t i = whole ? 0 : 1; i < zims_.size(); ++i) items.push_back("en-" + zims_[i].perma_ref);
    json::object document = {{"autoupdate_menu", true}};
    SetMenuItems(document, items);
    test::OrThrow(test::WriteText(box.Path("/library/www/html/home/menu.json"), PrintJsonIndented(document)));
  }

  test::TestBox box;
  const std::string catalog_file = box.Path("/etc/iiab/kiwix_catalog.json");
  const std::string library_file = box.Path("/library/zims/library.xml");
  const std::string index_file = box.Path("/library/www/html/common/assets/zim_version_idx.json");
  const std::string definitions = box.Path("/library/www/html/js-menu/menu-files/menu-defs");

 private:
  void InstallZims() {
    std::string library = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<library version=\"20110515\">\n";
    const std::string content = box.Path("/library/zims/content/");
    const std::string sample = content + test::NamesIn(content).at(0);
    json::object index;
    for (const CatalogZim& zim : zims_) {
      const std::string stem = OldStem(zim);
      library += fmt::format(
          "  <book id=\"{}\" path=\"content/{}.zim\" title=\"{}\" description=\"What a reader finds in it, in a line\""
          " language=\"eng\" creator=\"Somebody\" publisher=\"iiab-box\" name=\"{}\" flavour=\"maxi\""
          " tags=\"_category:other;_pictures:yes;_videos:no;_details:yes;_ftindex:yes\" faviconMimeType=\"image/png\""
          " favicon=\"{}\" date=\"2025-01-01\" articleCount=\"1200\" mediaCount=\"340\" size=\"52000\"/>\n",
          test::UuidFor(stem), stem, zim.title, zim.perma_ref, std::string(2000, 'A'));
      index[zim.perma_ref] = {{"file_name", stem}, {"menu_item", "en-" + zim.perma_ref}, {"language", "en"}};
      std::filesystem::copy_file(sample, content + stem + ".zim");
    }
    test::OrThrow(test::WriteText(library_file, library + "</library>\n"));
    test::OrThrow(test::WriteText(index_file, PrintJsonIndented(index)));
  }

  void Define(long count) {
    for (long i = 0; i < count; ++i) {
      const auto at = static_cast<std::size_t>(i);
      const std::string zim = at < zims_.size() ? zims_[at].perma_ref : fmt::format("elsewhere-{}_en_all", i);
      const json::object fields = {{"menu_item_name", "en-" + zim},
                                   {"intended_use", "zim"},
                                   {"lang", "en"},
                                   {"zim_name", zim},
                                   {"start_url", ""},
                                   {"title", "A title of usual length"},
                                   {"description", std::string(300, 'd')},
                                   {"extra_html", std::string(300, 'e')},
                                   {"logo_url", "logo.png"},
                                   {"edit_status", "generated"},
                                   {"upload_flag", "True"}};
      test::OrThrow(test::WriteText(fmt::format("{}/en-{}.json", definitions, zim), PrintJsonIndented(fields)));
    }
  }

  std::vector<CatalogZim> zims_;
};

/// Median milliseconds of the act, after one that does not count.
template <class Act>
double MedianOf(long rounds, Act act) {
  std::vector<double> times;
  for (long round = 0; round <= rounds; ++round) {
    const auto begin = SteadyClock::now();
    act();
    if (round > 0) times.push_back(Since(begin));
  }
  return Median(std::move(times));
}

std::string TextOf(const std::string& path) { return test::OrThrow(test::ReadText(path)); }

void Row(std::string_view name, double value, std::string_view unit) {
  fmt::print("{:<72} {:>9.2f} {}\n", name, value, unit);
}

/// Greatest memory that the process ever had, in KiB.
double PeakKib(pid_t pid) {
  std::ifstream status(fmt::format("/proc/{}/status", pid));
  for (std::string word; status >> word;) {
    double kib = 0;
    if (word == "VmHWM:" && status >> kib) return kib;
  }
  CannotMeasure("the kernel does not tell the memory of the server");
}

void MeasureCatalog(const GreatBox& great, long rounds) {
  const std::string text = TextOf(great.catalog_file);
  const double tree = MedianOf(rounds, [&] { (void)ParseJson(text); });
  const double load = MedianOf(rounds, [&] { (void)KiwixCatalog::Parse(text); });
  Row(fmt::format("catalog of {:.1f} MB as a bare JSON tree (limit)", static_cast<double>(text.size()) / 1e6), tree,
      "ms");
  Row("the same as the server's catalog", load, "ms");
  GoalAtMost("loading the catalog beside the bare tree", load / tree, 2, " times");
}

/// Memory of a server that has a catalog of that size in use; its greatest too.
std::pair<double, double> MemoryWith(test::TestBox& box) {
  const test::Daemon daemon = box.StartDaemon();
  const auto reply = test::AskText(daemon.Socket(), "GET-UPGRADEABLE-ZIMS", std::chrono::seconds(60));
  if (!reply || reply->starts_with(R"({"Error")")) CannotMeasure("GET-UPGRADEABLE-ZIMS has no answer");
  return {MemoryKib(daemon.Pid()), PeakKib(daemon.Pid())};
}

void MeasureMemory(GreatBox& great) {
  test::TestBox small;
  const auto [few, few_peak] = MemoryWith(small);
  const auto [many, many_peak] = MemoryWith(great.box);
  const double text = static_cast<double>(test::SizeOf(great.catalog_file)) / 1024;
  Row("memory of the server with 120 ZIMs in the catalog", few / 1024, "MiB");
  Row("... with the great one, the list of upgrades just made", many / 1024, "MiB");
  Row("... its greatest", many_peak / 1024, "MiB");
  GoalAtMost("memory of the catalog beside its text", (many - few) / text, 1, " times");
}

void MeasureReplies(GreatBox& great, long rounds, long seconds) {
  const test::Daemon daemon = great.box.StartDaemon();
  const auto stat = test::AskText(daemon.Socket(), "GET-ZIM-STAT", std::chrono::seconds(60));
  if (!stat) CannotMeasure(stat.error().message);
  const std::string echo_path = great.box.Path("/run/echo");
  const EchoServer echo(echo_path, stat->size());
  const auto latency = [&](const std::string& socket) {
    return Median(Load(socket, "GET-ZIM-STAT", {1, 1}, std::chrono::seconds(seconds)).latencies_us) / 1000;
  };
  const double limit = latency(echo_path);
  const double asked = latency(daemon.Socket());
  Row(fmt::format("bare ROUTER echo of {} bytes (limit)", stat->size()), limit, "ms");
  Row("GET-ZIM-STAT", asked, "ms");
  GoalAtMost("GET-ZIM-STAT beside its bytes alone", asked / limit, 3, " times");

  const std::string library = TextOf(great.library_file), index = TextOf(great.index_file);
  const auto catalog = KiwixCatalog::Parse(TextOf(great.catalog_file));
  const auto parsed = ParseJson(index);
  const auto books = ParseLibrary(library);
  if (!catalog || !parsed || !books) CannotMeasure("the box has broken files");
  std::size_t found = 0;
  const double compare = MedianOf(rounds, [&] { found = FindUpgrades(parsed->get_object(), *books, *catalog).size(); });
  const double read = MedianOf(rounds, [&] {
    (void)ParseJson(TextOf(great.index_file));
    (void)ParseLibrary(TextOf(great.library_file));
  });
  const double upgrades = MedianOf(rounds, [&] {
    if (!test::AskText(daemon.Socket(), "GET-UPGRADEABLE-ZIMS", std::chrono::seconds(60)))
      CannotMeasure("GET-UPGRADEABLE-ZIMS has no answer");
  });
  if (found < books->size() / 2) CannotMeasure(fmt::format("only {} upgrades were found", found));
  Row("reading library.xml and the index alone (limit)", read, "ms");
  Row(fmt::format("the comparison alone, {} upgrades found", found), compare, "ms");
  Row("GET-UPGRADEABLE-ZIMS, with a connection of its own", upgrades, "ms");
  GoalAtMost("GET-UPGRADEABLE-ZIMS", upgrades, 50, " ms");
}

void RunOrEnd(const std::string& root, const std::vector<std::string>& arguments) {
  const test::RunEnd end = test::RunStep(root, arguments);
  if (end.status != 0) CannotMeasure(end.output);
}

void MeasureMenus(GreatBox& great, long rounds) {
  const std::string& root = great.box.Root();
  const double start = MedianOf(rounds, [&] { RunOrEnd(root, {"test-job", "0"}); });
  const double bare = MedianOf(rounds, [&] {
    for (const std::string& name : test::NamesIn(great.definitions))
      (void)ParseJson(TextOf(great.definitions + "/" + name));
  });
  great.SetMenu(true);
  const double same = MedianOf(rounds, [&] { RunOrEnd(root, {"update-menus"}); });
  const double added = MedianOf(rounds, [&] {
    great.SetMenu(false);
    RunOrEnd(root, {"update-menus"});
  });
  Row("a step that does nothing", start, "ms");
  Row("reading all definitions alone (limit)", bare, "ms");
  Row("update-menus, nothing to do", same, "ms");
  Row("update-menus, one item to add", added, "ms");
  GoalAtMost("update-menus beside its definitions and a step", added / (bare + start), 3, " times");
}

int Main(int argc, char** argv) {
  const Sizes sizes{NumberOption(argc, argv, "--catalog", 10'000), NumberOption(argc, argv, "--installed", 500),
                    NumberOption(argc, argv, "--definitions", 2000)};
  const long rounds = NumberOption(argc, argv, "--rounds", 15);
  PrintHead("bench_content", "great catalogs, libraries and menus");
  fmt::print("{} ZIMs in the catalog, {} installed, {} menu item definitions\n", sizes.catalog, sizes.installed,
             sizes.definitions);
  GreatBox great(sizes);
  MeasureCatalog(great, rounds);
  MeasureMemory(great);
  MeasureReplies(great, rounds, NumberOption(argc, argv, "--seconds", 3));
  MeasureMenus(great, rounds);
  return 0;
}

}  // namespace
}  // namespace cmdsrv::bench

int main(int argc, char** argv) { return cmdsrv::bench::Main(argc, argv); }
