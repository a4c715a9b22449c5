#include "base/names.hpp"
#include "commands/table.hpp"
#include "target.hpp"

using namespace cmdsrv;

namespace {

void CheckClass(const Parameter& parameter, std::string_view value) {
  FUZZ_CHECK(value.size() <= parameter.most_bytes);
  FUZZ_CHECK(value.find('\0') == std::string_view::npos);
  if (parameter.value_class == Class::SafeName) FUZZ_CHECK(IsSafeName(value));
}

}  // namespace

/// The arguments object goes to every row of the table: what a row lets through obeys the row.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto value = ParseJson(AsText(data, size));
  if (!value || !value->is_object()) return 0;
  for (const CommandRowInfo& row : AllCommands()) {
    const auto arguments = Arguments::Check(row.parameters, value->get_object());
    if (!arguments) {
      FUZZ_CHECK(arguments.error().code == ErrorCode::Malformed);
      continue;
    }
    for (const Parameter& parameter : row.parameters) {
      if (!arguments->Has(parameter.name)) continue;
      if (parameter.type == Type::Text) CheckClass(parameter, *arguments->Text(parameter.name));
      if (parameter.type == Type::Integer) {
        const auto number = static_cast<double>(*arguments->Integer(parameter.name));
        FUZZ_CHECK(number >= parameter.least && number <= parameter.most);
      }
      if (parameter.type == Type::NumberList) {
        for (const double number : arguments->NumberList(parameter.name)) FUZZ_CHECK(number >= parameter.least && number <= parameter.most);
      }
    }
  }
  return 0;
}
