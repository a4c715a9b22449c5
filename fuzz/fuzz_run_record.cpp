// The page that a shim leaves behind, torn or forged, and the output file beside it. The first bytes are the record
// (with a right checksum when the first one is odd), what follows is the output.
#include <algorithm>
#include <cstring>

#include "base/text.hpp"
#include "jobs/output_text.hpp"
#include "platform/job_output.hpp"
#include "platform/shim_process.hpp"
#include "target.hpp"
#include "temporary_folder.hpp"

using namespace cmdsrv;

namespace {

void CheckOutput(const std::string& path, std::uint64_t total, std::size_t bytes) {
  constexpr std::size_t kLimit = 4096;
  for (const std::uint64_t offset : {std::uint64_t{0}, total / 2, total, kJobOutputHead - 1, UINT64_MAX}) {
    const auto piece = ReadOutput(path, total, offset, kLimit);
    if (!piece) continue;
    FUZZ_CHECK(piece->text.size() <= kLimit && piece->text.size() <= bytes);
    FUZZ_CHECK(piece->total == total);
    FUZZ_CHECK(piece->next_offset >= piece->offset || piece->text.empty());
  }
  if (const auto end = ReadOutputEnd(path, total, kLimit)) FUZZ_CHECK(end->size() <= kLimit + 200);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static TemporaryFolder folder;
  const std::string_view input = AsText(data, size);
  std::string page(input.substr(0, std::min(size, sizeof(RunRecord))));
  const bool forged = size > 0 && (data[0] & 1U) != 0;
  RunRecord record{};
  std::memcpy(&record, page.data(), page.size());
  if (forged) {
    std::memcpy(record.magic, kRunMagic, sizeof kRunMagic);
    record.checksum = RunChecksum(record);
    page.assign(reinterpret_cast<const char*>(&record), sizeof record);
    page.resize(kRunRecordFileSize, '\0');
  }
  TemporaryFolder::Write(folder / "record", page);
  const auto read = ReadRunRecord(folder / "record");
  if (!read) return 0;
  FUZZ_CHECK(IsUtf8(DescribeExit(*read)));
  FUZZ_CHECK(IsUtf8(DescribeStartFailure(*read, "/usr/bin/step")));
  const std::string_view output = input.substr(std::min(size, sizeof(RunRecord)));
  TemporaryFolder::Write(folder / "output", output);
  CheckOutput(folder / "output", read->output_total, output.size());
  CheckOutput(folder / "output", output.size(), output.size());
  return 0;
}
