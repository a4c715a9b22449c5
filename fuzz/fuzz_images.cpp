#include "content/images.hpp"
#include "target.hpp"

using namespace cmdsrv;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = AsText(data, size);
  const std::string_view ending = ImageEnding(bytes);
  FUZZ_CHECK(ending.empty() || ending == ".png" || ending == ".jpg" || ending == ".gif");
  FUZZ_CHECK(!EndingFits(bytes, ending) || !ending.empty());
  return 0;
}
