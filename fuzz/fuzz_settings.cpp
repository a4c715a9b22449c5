#include "content/settings.hpp"
#include "target.hpp"

using namespace cmdsrv;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto settings = ParseSettings(Root(), "/opt/admin/cmdsrv", AsText(data, size));
  if (!settings) return 0;
  FUZZ_CHECK(settings->workers >= 1);
  FUZZ_CHECK(settings->max_concurrent_jobs >= 1);
  FUZZ_CHECK(settings->zim_dir.ends_with('/'));
  return 0;
}
