#include "base/text.hpp"
#include "content/ini_file.hpp"
#include "target.hpp"

using namespace cmdsrv;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const IniFile ini = IniFile::Parse(ToUtf8(AsText(data, size)));
  const json::object sections = ini.ToJson();
  FUZZ_CHECK(ParseJson(PrintJson(sections)).has_value());
  for (const auto& [section, options] : sections) {
    FUZZ_CHECK(ini.HasSection(section));
    for (const auto& [option, value] : options.as_object()) {
      const auto got = ini.Get(section, option);
      FUZZ_CHECK(got.has_value() && *got == std::string_view(value.as_string()));
    }
  }
  return 0;
}
