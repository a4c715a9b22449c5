#include "commands/work_in_progress.hpp"

#include "protocol/command.hpp"

namespace cmdsrv {
namespace {

json::object Entry(std::string_view verb, std::string_view action, std::string_view dest, std::string_view source) {
  return {{"cmd", verb}, {"action", action}, {"dest", dest}, {"source", source}};
}

}  // namespace

json::object ZimsInProgress(const std::vector<UnfinishedCommand>& unfinished) {
  json::object table;
  for (const UnfinishedCommand& item : unfinished) {
    const std::string_view verb = VerbOf(item.message);
    // INST-ZIM is what the Python program wrote for the ZIMs of a preset.
    const bool install = verb == "INST-ZIMS" || verb == "INST-ZIM";
    if (!install && verb != "COPY-ZIMS") continue;
    const auto command = ParseCommand(item.message);
    if (!command) continue;
    const std::string_view zim_id = TextMember(command->arguments, "zim_id");
    if (zim_id.empty()) continue;
    if (install) {
      table[zim_id] = Entry("INST-ZIMS", "DOWNLOAD", "internal", "kiwix");
      continue;
    }
    const std::string_view dest = TextMember(command->arguments, "dest");
    const std::string_view action = dest == "internal" ? "IMPORT" : "EXPORT";
    table[zim_id] = Entry(verb, action, dest, TextMember(command->arguments, "source"));
  }
  return table;
}

json::object ModulesInProgress(const std::vector<UnfinishedCommand>& unfinished) {
  json::object table;
  for (const UnfinishedCommand& item : unfinished) {
    const std::string_view verb = VerbOf(item.message);
    if (verb != "INST-OER2GO-MOD" && verb != "COPY-OER2GO-MOD") continue;
    const auto command = ParseCommand(item.message);
    if (!command) continue;
    std::string_view moddir = TextMember(command->arguments, "moddir");
    if (moddir.empty()) moddir = TextMember(command->arguments, "file_ref");
    if (moddir.empty()) continue;
    if (verb == "INST-OER2GO-MOD") {
      table[moddir] = Entry(verb, "DOWNLOAD", "internal", "oer2go");
      continue;
    }
    const std::string_view dest = TextMember(command->arguments, "dest");
    const std::string_view action = dest == "internal" ? "IMPORT" : "EXPORT";
    table[moddir] = Entry(verb, action, dest, TextMember(command->arguments, "source"));
  }
  return table;
}

json::object MapsInProgress(const std::vector<UnfinishedCommand>& unfinished, const MapCatalog* catalog,
                            const std::function<std::string(const CatalogMap&)>& address) {
  json::object table;
  for (const UnfinishedCommand& item : unfinished) {
    if (VerbOf(item.message) != "INST-OSM-VECT-SET") continue;
    const auto command = ParseCommand(item.message);
    if (!command) continue;
    const std::string_view id = TextMember(command->arguments, "osm_vect_id");
    if (id.empty()) continue;
    json::object entry = Entry("INST-OSM-VECT-SET", "", "internal", "kiwix");
    const CatalogMap* map = catalog != nullptr ? catalog->Find(id) : nullptr;
    entry["download_url"] = map != nullptr ? address(*map) : std::string();
    entry["size"] = map != nullptr ? map->bytes : 0;
    table[id] = std::move(entry);
  }
  return table;
}

}  // namespace cmdsrv
