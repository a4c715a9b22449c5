// Archives from the internet: their names, and all of their bytes through the reader.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/names.hpp"
#include "base/text.hpp"
#include "steps/zip_plan.hpp"
#include "target.hpp"

using namespace cmdsrv;

namespace {

bool StaysInside(const std::string& place) {
  const auto parts = Split(place, '/');
  return parts.size() > 2 && parts.front() == "data" && std::ranges::all_of(parts, IsSafeName);
}

/// The reader wants a file: one that is written anew each time, and goes with the process.
class ArchiveFile {
 public:
  ArchiveFile() { FUZZ_CHECK(mkdtemp(directory_.data()) != nullptr); }
  ~ArchiveFile() {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  const std::string& Write(std::string_view bytes) {
    path_ = directory_ + "/x.zip";
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << bytes;
    return path_;
  }

 private:
  std::string directory_ = "/tmp/fuzz-zip-XXXXXX";
  std::string path_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = AsText(data, size);
  for (const auto kind : {zip_tools::ZipEntry::Kind::File, zip_tools::ZipEntry::Kind::Link}) {
    const auto place = PlaceOf({.kind = kind, .path = std::string(text), .bytes = 1});
    if (place && !place->empty()) FUZZ_CHECK(StaysInside(*place) && kind == zip_tools::ZipEntry::Kind::File);
  }
  static ArchiveFile file;
  const std::string& path = file.Write(text);
  const auto plan = PlanZip(path);
  if (!plan) {
    FUZZ_CHECK(!plan.error().message.empty());
    return 0;
  }
  FUZZ_CHECK(plan->zim_bytes > 0 && plan->zim_bytes <= plan->bytes);
  for (const auto& [place, bytes] : plan->files) FUZZ_CHECK(StaysInside(place) && bytes <= plan->bytes);
  // Its checksums may be wrong, but nothing of it may be longer than it says without being noticed by the caller.
  std::uint64_t taken = 0;
  (void)zip_tools::ReadZip(path, {.entry = [](const auto&) -> Result<zip_tools::Take> { return zip_tools::Take::Data; },
                                  .data = [&](std::string_view piece) -> Result<void> {
                                    taken += piece.size();
                                    if (taken > (8U << 20U)) return Fail(ErrorCode::NoSpace, "enough");
                                    return {};
                                  }});
  return 0;
}
