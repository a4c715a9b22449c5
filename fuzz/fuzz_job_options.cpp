// jobs.opt_args_json and jobs.progress of a database that somebody else wrote.
#include "base/json.hpp"
#include "base/text.hpp"
#include "jobs/progress.hpp"
#include "store/rows.hpp"
#include "target.hpp"

using namespace cmdsrv;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(AsText(data, size));
  if (const auto progress = ReadPrintedProgress(text))
    FUZZ_CHECK(ReadPrintedProgress(PrintProgress(*progress)) == progress);
  const auto options = ParseJobOptions(text);
  if (!options) return 0;
  const std::string printed = PrintJobOptions(*options);
  FUZZ_CHECK(ParseJson(printed).has_value());
  const auto again = ParseJobOptions(printed);
  FUZZ_CHECK(again.has_value());
  FUZZ_CHECK(HasLongNumber(text) || PrintJobOptions(*again) == printed);
  FUZZ_CHECK(again->argv == options->argv && again->locks == options->locks && again->service == options->service);
  for (const std::string& argument : options->argv) FUZZ_CHECK(argument.find('\0') == std::string::npos);
  return 0;
}
