// content.json of a preset that somebody shared.
#include "base/names.hpp"
#include "content/presets.hpp"
#include "target.hpp"
#include "temporary_folder.hpp"

using namespace cmdsrv;

/// The text is each of the four files at once: none of them may spoil the list.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static TemporaryFolder folder;
  const std::string_view text = AsText(data, size);
  if (const auto content = ParsePresetContent(text)) {
    for (const KolibriChannel& channel : content->channels) {
      FUZZ_CHECK(IsHex32(channel.channel_id));
      FUZZ_CHECK(channel.node_id.empty() || IsHex32(channel.node_id));
    }
  }
  std::filesystem::create_directories(folder / "presets/mine");
  for (const char* name : {"content.json", "menu.json", "preset.json", "vars.yml"})
    TemporaryFolder::Write(folder / "presets/mine/" + name, text);
  const PresetList list = ListPresets(folder / "presets/");
  FUZZ_CHECK(list.presets.size() + list.skipped.size() <= 1);
  FUZZ_CHECK(ParseJson(PrintJson(list.presets)).has_value());
  (void)IsSuppliedPreset(folder / "presets/", "mine");
  if (const auto preset = ReadPreset(folder / "presets/", "mine")) {
    for (const auto& variable : preset->variables)
      FUZZ_CHECK(!variable.value().is_object() && !variable.value().is_array());
  }
  return 0;
}
