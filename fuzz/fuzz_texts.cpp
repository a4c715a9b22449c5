#include "base/json.hpp"
#include "base/text.hpp"
#include "base/time_text.hpp"
#include "target.hpp"

using namespace cmdsrv;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = AsText(data, size);
  const std::string clean = CleanOutput(text);
  FUZZ_CHECK(IsUtf8(clean));
  FUZZ_CHECK(CleanOutput(clean) == clean);
  FUZZ_CHECK(IsUtf8(ToUtf8(text)));
  FUZZ_CHECK(IsUtf8(text) == (ToUtf8(text) == text));
  FUZZ_CHECK(EscapeControls(text).find('\n') == std::string::npos);
  FUZZ_CHECK(EscapeHtml(text).find('<') == std::string::npos);
  FUZZ_CHECK(LastLines(text, 3).size() <= text.size());
  (void)MaskUrlCredentials(text);
  (void)FromD1(text);
  if (const auto value = ParseJson(text)) {
    const auto again = ParseJson(PrintJson(*value));
    FUZZ_CHECK(again.has_value());
    FUZZ_CHECK(HasLongNumber(text) || CanonicalJson(*again) == CanonicalJson(*value));
    FUZZ_CHECK(ParseJson(PrintJsonIndented(*value)).has_value());
  }
  return 0;
}
