// local_vars.yml as somebody's hand left it, and a text that SET-CONF puts into it. Before the first NUL: the text.
#include <algorithm>

#include "base/text.hpp"
#include "content/template.hpp"
#include "content/variables.hpp"
#include "content/variables_merge.hpp"
#include "content/yaml_reader.hpp"
#include "target.hpp"

using namespace cmdsrv;

namespace {

void CheckMerge(std::string_view file, const std::vector<YamlEntry>& entries, const std::string& text) {
  const json::object before = ValuesOf(entries);
  const bool word = !entries.empty() && !entries.front().key.empty() &&
                    std::ranges::all_of(entries.front().key, [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
  const std::string name = word ? entries.front().key : "new_one";
  const auto merged = MergeVariables(file, {{name, text}});
  if (!merged) return;  // it may refuse, but never write what is not meant
  const auto after = ReadYaml(*merged);
  FUZZ_CHECK(after.has_value());
  json::object wanted = before;
  wanted[name] = text;
  FUZZ_CHECK(ValuesOf(*after) == wanted);
  // A second time it is as wanted already.
  const auto again = MergeVariables(*merged, {{name, text}});
  FUZZ_CHECK(again.has_value() && *again == *merged);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = AsText(data, size);
  const std::size_t nul = input.find('\0');
  const std::string text = ToUtf8(nul == std::string_view::npos ? "" : input.substr(0, nul));
  const std::string_view file = nul == std::string_view::npos ? input : input.substr(nul + 1);
  if (const auto parsed = Template::Parse(text)) {
    const auto rendered = parsed->Render([](std::string_view) { return nullptr; }, 1000);
    FUZZ_CHECK(!rendered || rendered->size() <= 1000);
  }
  const auto entries = ReadYaml(file);
  if (!entries) {
    FUZZ_CHECK(entries.error().line >= 1 && !entries.error().what.empty());
    return 0;
  }
  const json::object values = ValuesOf(*entries);
  FUZZ_CHECK(ParseJson(PrintJson(EffectiveVariables(values, values).values)).has_value());
  CheckMerge(file, *entries, text);
  return 0;
}
