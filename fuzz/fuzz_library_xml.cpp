#include "content/library_xml.hpp"
#include "target.hpp"

using namespace cmdsrv;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto books = ParseLibrary(AsText(data, size));
  if (!books) return 0;
  for (const LibraryBook& book : *books) {
    FUZZ_CHECK(!book.id.empty());
    for (const auto& [name, value] : book.attributes) FUZZ_CHECK(name != "id" && name != "favicon");
  }
  return 0;
}
