// What zim-fetch costs beside the bare transfer: the same file from the same server with curl, synced; then proven, as
// zim-fetch does by its hash and by the ZIM's own checksum.
//   bench_fetch [--megabytes 400] [--rounds 3]
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "measure.hpp"
#include "platform/unique_fd.hpp"
#include "support/files.hpp"
#include "support/steps.hpp"
#include "support/test_box.hpp"

namespace cmdsrv::bench {
namespace {

constexpr const char* kName = "demo_en_all_maxi_2026-01";
constexpr std::chrono::minutes kDeadline(10);

test::ZimSpec Zim(long megabytes) {
  test::ZimSpec spec;
  spec.file_ref = kName;
  spec.payload_bytes = static_cast<std::uint64_t>(megabytes) * 1'000'000;
  return spec;
}

void Expect(const test::RunEnd& end) {
  if (end.status != 0) CannotMeasure(end.output);
}

void Sync(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file || ::fsync(file.Get()) != 0) CannotMeasure("cannot sync " + path);
}

struct Way {
  std::string name;
  std::function<void()> act;
  std::vector<double> times{};
};

int Main(int argc, char** argv) {
  PrintHead("bench_fetch", "zim-fetch beside curl");
  test::TestBox box(test::SmallBox({Zim(NumberOption(argc, argv, "--megabytes", 400))}));
  test::BoxServer& server = box.Internet();
  const std::string path = fmt::format("/zim/other/{}.zim", kName);
  const std::string url = server.Url(path);
  const auto size = static_cast<double>(test::SizeOf(box.Path("/internet" + path)));
  const std::string fetched = box.Path(fmt::format("/library/working/zims/{}.zim", kName));
  const std::string plain = box.Path("/library/working/plain.zim");
  const auto curl = [&] {
    Expect(test::RunTool({"curl", "-sSf", "-o", plain, url}, kDeadline));
    Sync(plain);
  };
  const auto fetch = [&](std::vector<std::string> more) {
    std::vector<std::string> arguments{"zim-fetch", "--file-ref", kName, "--url", url};
    arguments.insert(arguments.end(), more.begin(), more.end());
    Expect(test::RunStep(box.Root(), arguments, kDeadline));
  };
  std::vector<Way> ways{
      {"curl, synced", curl},
      {"curl, synced, sha256sum (limit)",
       [&] {
         curl();
         Expect(test::RunTool({"sha256sum", plain}, kDeadline));
       }},
      {"zim-fetch by address", [&] { fetch({}); }},
      {"zim-fetch by metalink, two mirrors",
       [&] {
         fetch({"--metalink", url + ".meta4"});
       }},
  };
  const long rounds = NumberOption(argc, argv, "--rounds", 3);
  for (long round = 0; round < rounds; ++round) {
    for (Way& way : ways) {
      const auto begin = SteadyClock::now();
      way.act();
      way.times.push_back(Since(begin));
      ::unlink(fetched.c_str());
      ::unlink(plain.c_str());
    }
  }
  fmt::print("a ZIM file of {:.0f} MB, median of {} rounds\n", size / 1e6, rounds);
  std::vector<double> rates;
  for (Way& way : ways) {
    rates.push_back(size / 1e3 / Median(std::move(way.times)));
    fmt::print("{:<40} {:>8.1f} MB/s\n", way.name, rates.back());
  }
  // Both prove more than a hash: that it is a whole ZIM.
  GoalAtLeast("zim-fetch by address beside curl and sha256sum", rates[2] / rates[1], 0.8);
  GoalAtLeast("zim-fetch by metalink beside curl and sha256sum", rates[3] / rates[1], 0.8);
  // A line of 100 Mbit/s is more than any school of our users has.
  GoalAtLeast("zim-fetch by metalink", rates[3], 12.5, " MB/s");
  return 0;
}

}  // namespace
}  // namespace cmdsrv::bench

int main(int argc, char** argv) { return cmdsrv::bench::Main(argc, argv); }
