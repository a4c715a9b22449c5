#include "steps/preset_learning.hpp"

#include "base/names.hpp"
#include "base/text.hpp"
#include "content/kalite.hpp"
#include "platform/files.hpp"
#include "steps/foreign_db.hpp"

namespace cmdsrv {
namespace {

constexpr const char* kChannels =
    "SELECT id, published_size FROM content_channelmetadata WHERE partial = 0 ORDER BY id";
constexpr const char* kChannelBytes =
    "SELECT sum(file_size) FROM (SELECT DISTINCT l.id, l.file_size FROM content_localfile l "
    "JOIN content_file f ON f.local_file_id = l.id JOIN content_contentnode n ON n.id = f.contentnode_id "
    "WHERE n.channel_id = ?1)";

double ToBytes(const std::string& cell) {
  const auto number = ToInteger(cell);
  return number && *number > 0 ? static_cast<double>(*number) : 0;
}

/// The first cell; `otherwise` when there is none or it cannot be read.
std::string OneCell(const std::string& database, const char* sql, std::string_view otherwise) {
  const auto rows = ReadForeignDb(database, sql);
  return rows && !rows->empty() && IsLanguage(rows->front().front()) ? rows->front().front() : std::string(otherwise);
}

/// Published without a size: what its files take.
double BytesOfFiles(const std::string& database, const std::string& channel) {
  const auto rows = ReadForeignDb(database, kChannelBytes, {channel});
  return rows && !rows->empty() ? ToBytes(rows->front().front()) : 0;
}

}  // namespace

Result<LearningContent> ReadKolibriContent(const Context& context) {
  const std::string database = context.settings.kolibri_dir + "db.sqlite3";
  const auto rows = ReadForeignDb(database, kChannels);
  if (!rows) return Failure(rows.error());
  LearningContent found;
  json::array channels;
  for (const DbRow& row : *rows) {
    if (!IsHex32(row[0])) continue;
    channels.push_back(json::object{{"channel_id", row[0]}});
    const double published = ToBytes(row[1]);
    found.bytes += published > 0 ? published : BytesOfFiles(database, row[0]);
  }
  found.content = {{"lang_code", OneCell(database, "SELECT language_id FROM device_devicesettings LIMIT 1", "en")},
                   {"channels", std::move(channels)}};
  return found;
}

Result<LearningContent> ReadKaliteContent(const Context& context) {
  const std::string directory = context.settings.kalite_dir + "database/";
  const std::string language =
      OneCell(directory + "data.sqlite", "SELECT value FROM config_settings WHERE name = 'default_language'", "en");
  const auto rows = ReadForeignDb(fmt::format("{}content_khan_{}.sqlite", directory, language),
                                  "SELECT path, files_complete, total_files FROM item WHERE kind = 'Topic'");
  if (!rows) return Failure(rows.error());
  std::vector<KaliteTopic> topics;
  for (const DbRow& row : *rows) {
    if (IsKaliteTopic(row[0])) topics.push_back({row[0], ToInteger(row[1]).value_or(0), ToInteger(row[2]).value_or(0)});
  }
  json::array complete;
  for (const std::string& path : CompleteTopics(std::move(topics))) complete.emplace_back(path);
  return LearningContent{{{"lang_code", language}, {"topics", std::move(complete)}}, 0};
}

}  // namespace cmdsrv
