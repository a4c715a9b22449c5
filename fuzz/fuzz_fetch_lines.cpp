// What download programs print, in which servers put their own words.
#include "base/text.hpp"
#include "steps/fetch_program.hpp"
#include "target.hpp"

using namespace cmdsrv;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = AsText(data, size);
  for (const FetchTool tool : {FetchTool::Aria2, FetchTool::Wget}) {
    FetchLines lines;
    for (const std::string_view line : Split(text, '\n')) lines.Add(tool, line);
    FUZZ_CHECK(IsUtf8(lines.Problem()));
    FUZZ_CHECK(!lines.IsHopeless() || !lines.Problem().empty());
  }
  return 0;
}
