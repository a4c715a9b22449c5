#include "content/presets.hpp"

#include <algorithm>
#include <array>

#include "base/names.hpp"
#include "content/menu.hpp"
#include "content/variables.hpp"
#include "platform/files.hpp"

namespace cmdsrv {
namespace {

constexpr std::size_t kFileLimit = 4U << 20U;
constexpr std::size_t kMostItems = 5000;
constexpr std::array<std::string_view, 4> kFirst{"en-school", "es-school", "fr-school", "en-medical"};
constexpr std::array<std::string_view, 7> kSupplied{"en-school",          "es-school",  "fr-school", "en-medical",
                                                    "en-school-256-base", "en-starter", "test"};

Result<std::vector<std::string>> Texts(const json::object& object, std::string_view key) {
  std::vector<std::string> texts;
  const json::value* list = object.if_contains(key);
  if (list == nullptr || list->is_null()) return texts;
  if (!list->is_array() || list->get_array().size() > kMostItems) return Fail(ErrorCode::Corrupt, "{} is no list", key);
  for (const json::value& one : list->get_array()) {
    if (one.is_string() && std::ranges::find(texts, std::string_view(one.get_string())) == texts.end())
      texts.emplace_back(one.get_string());
  }
  return texts;
}

std::vector<KolibriChannel> Channels(const json::object& kolibri) {
  std::vector<KolibriChannel> channels;
  const json::value* list = kolibri.if_contains("channels");
  for (const json::value& one : list != nullptr && list->is_array() ? list->get_array() : json::array()) {
    if (!one.is_object()) continue;
    KolibriChannel channel{std::string(TextMember(one.get_object(), "channel_id")),
                           std::string(TextMember(one.get_object(), "node_id"))};
    if (IsHex32(channel.channel_id) && (channel.node_id.empty() || IsHex32(channel.node_id)))
      channels.push_back(std::move(channel));
  }
  return channels;
}

Result<json::object> ReadObject(const std::string& path) {
  const auto text = ReadFile(path, kFileLimit);
  if (!text) return Failure(text.error());
  auto document = ParseJson(*text, {.depth = 16, .bytes = kFileLimit});
  if (!document) return Fail(ErrorCode::Corrupt, "cannot read {}: {}", path, document.error().message);
  if (!document->is_object()) return Fail(ErrorCode::Corrupt, "cannot read {}: it is no JSON object", path);
  return std::move(document->get_object());
}

/// What GET-PRESET-LIST tells of a preset.
json::object Describe(const json::object& preset) {
  json::object shown;
  for (const char* key : {"name", "description", "default_lang", "location"}) shown[key] = TextMember(preset, key);
  const json::value* size = preset.if_contains("size_in_gb");
  shown["size_in_gb"] = size != nullptr && size->is_number() ? *size : json::value(0);
  shown["last_modified"] = TextMember(preset, "last_modified");
  return shown;
}

Failure In(const std::string& path, const Error& error) {
  return Fail(ErrorCode::Corrupt, "cannot read {}: {}", path, error.message);
}

}  // namespace

Result<PresetContent> ParsePresetContent(std::string_view text) {
  const auto document = ParseJson(text, {.depth = 16, .bytes = kFileLimit});
  if (!document) return Failure(document.error());
  const json::object* object = document->if_object();
  if (object == nullptr) return Fail(ErrorCode::Corrupt, "it is no JSON object");
  auto zims = Texts(*object, "zims");
  auto modules = Texts(*object, "modules");
  auto maps = Texts(*object, "maps");
  for (const auto* list : {&zims, &modules, &maps}) {
    if (!*list) return Failure(list->error());
  }
  PresetContent content{*std::move(zims), *std::move(modules), *std::move(maps), {}, {}};
  const json::value* kolibri = object->if_contains("kolibri");
  if (kolibri == nullptr || !kolibri->is_object()) return content;
  content.channels = Channels(kolibri->get_object());
  content.kolibri_language = TextMember(kolibri->get_object(), "lang_code");
  if (!IsLanguage(content.kolibri_language)) content.kolibri_language.clear();
  return content;
}

Result<Preset> ReadPreset(const std::string& presets_dir, const std::string& id) {
  const std::string directory = presets_dir + id + "/";
  if (!IsMenuDir(id) || !Look(presets_dir + id)) return Fail(ErrorCode::NotFound, "there is no {}", directory);
  if (auto described = ReadObject(directory + "preset.json"); !described) return Failure(described.error());
  Preset preset;
  const auto text = ReadFile(directory + "content.json", kFileLimit);
  auto content = text ? ParsePresetContent(*text) : Failure(text.error());
  if (!content) return In(directory + "content.json", content.error());
  preset.content = *std::move(content);
  auto menu = ReadObject(directory + "menu.json");
  if (!menu) return Failure(menu.error());
  preset.menu = *std::move(menu);
  if (!Look(directory + "vars.yml")) return Fail(ErrorCode::Corrupt, "there is no {}vars.yml", directory);
  auto variables = ReadVariablesFile(directory + "vars.yml");
  if (!variables) return Failure(variables.error());
  for (const auto& [key, value] : *variables) {
    if (value.is_object() || value.is_array())
      return Fail(ErrorCode::Corrupt, "{}vars.yml: {} is no plain value", directory, std::string_view(key));
  }
  preset.variables = *std::move(variables);
  return preset;
}

PresetList ListPresets(const std::string& presets_dir) {
  PresetList list;
  std::vector<std::string> ids(kFirst.begin(), kFirst.end());
  for (const std::string& name : ListDirectory(presets_dir).value_or(std::vector<std::string>{})) {
    if (IsMenuDir(name) && std::ranges::find(kFirst, name) == kFirst.end()) ids.push_back(name);
  }
  for (const std::string& id : ids) {
    const std::string path = fmt::format("{}{}/preset.json", presets_dir, id);
    if (!Look(path)) continue;
    const auto preset = ReadObject(path);
    if (preset) {
      list.presets[id] = Describe(*preset);
    } else {
      list.skipped.push_back(preset.error().message);
    }
  }
  return list;
}

bool IsSuppliedPreset(const std::string& presets_dir, const std::string& id) {
  if (std::ranges::find(kSupplied, id) != kSupplied.end()) return true;
  const auto preset = ReadObject(fmt::format("{}{}/preset.json", presets_dir, id));
  const json::value* mark = preset ? preset->if_contains("supplied") : nullptr;
  return mark != nullptr && mark->is_bool() && mark->get_bool();
}

}  // namespace cmdsrv
