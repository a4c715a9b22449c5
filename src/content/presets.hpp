#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

/// Collections of content: a directory each in <CMDSRV_DIR>/presets (spec config 7.10).
namespace cmdsrv {

struct KolibriChannel {
  std::string channel_id;  ///< HEX32
  std::string node_id;     ///< HEX32, or empty
};

struct PresetContent {
  std::vector<std::string> zims;  ///< perma_refs
  std::vector<std::string> modules;
  std::vector<std::string> maps;
  std::vector<KolibriChannel> channels;
  std::string kolibri_language;
};

/// Corrupt when the text is no JSON object, or a list in it is none. Missing lists are empty; entries that are no texts
/// are left out. Pure.
Result<PresetContent> ParsePresetContent(std::string_view text);

struct Preset {
  PresetContent content;
  json::object menu;
  json::object variables;  ///< of vars.yml, plain values only
};

/// All four files. NotFound when there is no such preset; Corrupt naming the file that cannot be read. `id` is
/// [A-Za-z0-9_-]+.
Result<Preset> ReadPreset(const std::string& presets_dir, const std::string& id);

struct PresetList {
  json::object presets;              ///< the reply of GET-PRESET-LIST, in the order of display
  std::vector<std::string> skipped;  ///< sentences about those that cannot be read
};

PresetList ListPresets(const std::string& presets_dir);

/// The presets that come with the box must not be overwritten: these names, and those whose preset.json says
/// "supplied": true.
bool IsSuppliedPreset(const std::string& presets_dir, const std::string& id);

}  // namespace cmdsrv
