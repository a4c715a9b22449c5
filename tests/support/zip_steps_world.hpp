#pragma once

#include <gmock/gmock.h>

#include "content/library_xml.hpp"
#include "support/files.hpp"
#include "support/steps.hpp"
#include "support/test_box.hpp"
#include "support/zip_maker.hpp"

/// For the tests of zip-fetch, zip-unpack and zip-install: a box whose internet offers a ZIM in an archive.
namespace cmdsrv::test {

inline constexpr const char* kName = "travels_en_all_2015-09";
inline constexpr const char* kZim = "travels_en_all_2015-09.zim";
inline constexpr const char* kInstalled = "village_en_all_maxi_2025-06.zim";
inline const std::string kZip = fmt::format("kiwix-0.9+{}.zip", kName);
inline const std::string kUrl = "/portable/" + kZip;

inline BoxOptions PortableBox() {
  ZimSpec spec;
  spec.file_ref = kName;
  spec.payload_bytes = 1'500'000;
  BoxOptions options = SmallBox();
  options.portable = {spec};
  return options;
}

class ZipSteps : public ::testing::Test {
 protected:
  ZipSteps() { box.Configure({{"fetch_stall_s", 2}}); }

  TestBox box{PortableBox()};
  const std::string downloads = box.Path("/library/downloads/zims");
  const std::string working = box.Path("/library/working/zims");
  const std::string directory = working + "/" + kName;
  const std::string content = box.Path("/library/zims/content");
  const std::string zip = downloads + "/" + kZip;
  const std::string zim_bytes = OrThrow(ReadText(box.Path("/internet/zim/portable/" + std::string(kZim))));
  const std::string zip_bytes = OrThrow(ReadText(box.Path("/internet" + kUrl)));
  const std::string zim_k = fmt::format("{}", zim_bytes.size() / 1024);

  RunEnd Step(const std::vector<std::string>& arguments) const { return RunStep(box.Root(), arguments); }
  RunEnd Fetch(std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"zip-fetch", "--file-ref", kName, "--url", box.Internet().Url(kUrl)});
    return Step(std::move(more));
  }
  RunEnd Unpack() const { return Step({"zip-unpack", "--size-k", zim_k, kName}); }
  RunEnd Install() const { return Step({"zip-install", kName}); }

  void Download() const { OrThrow(WriteText(zip, zip_bytes)); }
  std::string ZimPath() const { return fmt::format("data/content/{}", kZim); }
  ZipItem Zim() const { return {.path = ZimPath(), .bytes = zim_bytes}; }

  void ExpectFetched(const RunEnd& end) {
    EXPECT_EQ(end.status, 0) << end.output;
    EXPECT_THAT(NamesIn(downloads), ::testing::ElementsAre(kZip)) << end.output;
    EXPECT_TRUE(ReadText(zip).value_or("") == zip_bytes) << end.output;
  }

  /// Nothing of a hostile or damaged archive stays, and the archive itself would not be taken for a good one again.
  void ExpectRefused(const RunEnd& end, const std::string& sentence) {
    EXPECT_EQ(end.status, 1) << end.output;
    EXPECT_THAT(end.output, ::testing::HasSubstr(sentence));
    EXPECT_THAT(NamesIn(downloads), ::testing::IsEmpty());
    EXPECT_THAT(NamesIn(working), ::testing::IsEmpty());
    EXPECT_THAT(NamesIn(content), ::testing::ElementsAre(kInstalled));
  }

  void MakeHostileZip(std::vector<ZipItem> items, bool with_zim = true) const {
    if (with_zim) items.push_back(Zim());
    OrThrow(MakeZip(zip, items));
  }

  std::vector<std::string> Listed() const {
    std::vector<std::string> paths;
    for (const auto& book : OrThrow(ParseLibrary(OrThrow(ReadText(box.Path("/library/zims/library.xml"))))))
      paths.push_back(book.path);
    return paths;
  }
};

}  // namespace cmdsrv::test
