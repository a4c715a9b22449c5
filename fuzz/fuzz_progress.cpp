#include <algorithm>

#include "base/text.hpp"
#include "jobs/progress_tracker.hpp"
#include "target.hpp"

using namespace cmdsrv;

namespace {

void CheckSane(const Progress& progress) {
  FUZZ_CHECK(progress.percent >= -1 && progress.percent <= 100);
  FUZZ_CHECK(progress.bytes >= -1 && progress.total >= -1 && progress.rate >= -1 && progress.eta_seconds >= -1);
  FUZZ_CHECK(progress.total < 0 || progress.bytes <= progress.total);
  FUZZ_CHECK(progress.phase.size() <= 100 && IsUtf8(progress.phase));
  FUZZ_CHECK(progress.phase.find_first_of("<>&\"'\n\r\t\x1b") == std::string::npos);
  FUZZ_CHECK(ReadPrintedProgress(PrintProgress(progress)) == progress);
  FUZZ_CHECK(IsUtf8(ProgressSentence(progress)));
}

}  // namespace

/// The first byte says in which pieces the rest comes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t piece = data[0] % 64U + 1;
  const std::string_view text = AsText(data + 1, size - 1);
  ProgressTracker whole;
  whole.Add(text);
  ProgressTracker cut;
  std::optional<Progress> before;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    cut.Add(text.substr(at, piece));
    const auto& now = cut.Newest();
    if (now) CheckSane(*now);
    if (piece == 1 && now && before && before->phase == now->phase) {
      FUZZ_CHECK(now->bytes >= before->bytes && now->percent >= before->percent);
    }
    before = now;
  }
  FUZZ_CHECK(cut.Newest() == whole.Newest());
  FUZZ_CHECK(cut.First() == whole.First());
  return 0;
}
