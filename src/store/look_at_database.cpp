#include "store/look_at_database.hpp"

#include <unistd.h>

#include "store/migrations.hpp"
#include "store/sqlite.hpp"

namespace cmdsrv {
namespace {

Result<std::int64_t> Count(sqlite::Database& database, const char* sql) {
  auto number = database.Integer("count rows", sql);
  if (!number) return Failure(std::move(number.error()));
  return number->value_or(0);
}

Result<void> CheckPages(sqlite::Database& database, const std::string& path) {
  auto check = database.Prepare("check the pages", "pragma quick_check(1)");
  if (!check) return Failure(std::move(check.error()));
  const auto row = check->Step();
  if (!row) return Failure(row.error());
  if (*row && check->Text(0) == "ok") return {};
  return Fail(ErrorCode::Corrupt, "{} is damaged: {}", path, *row ? std::string(check->Text(0)) : "no answer");
}

}  // namespace

Result<DatabaseFacts> LookAtDatabase(const std::string& path) {
  if (::access(path.c_str(), F_OK) != 0) return Fail(ErrorCode::NotFound, "{} does not exist", path);
  auto database = sqlite::Database::OpenToLook(path);
  if (!database) return Failure(std::move(database.error()));
  DatabaseFacts facts;
  const auto version = Count(*database, "pragma user_version");
  if (!version) return Failure(version.error());
  facts.version = *version;
  if (facts.version > StoreVersion()) {
    return Fail(ErrorCode::Newer,
                "{} was written by a newer Command Server (version {} of the file, this one knows {})", path,
                facts.version, StoreVersion());
  }
  if (auto sound = CheckPages(*database, path); !sound) return Failure(std::move(sound.error()));
  const auto tables = Count(*database, "select count(*) from sqlite_master where name in ('commands', 'jobs')");
  if (!tables) return Failure(tables.error());
  if (*tables == 0) return facts;  // made and never used
  if (auto fits = CheckOldTables(*database); !fits) return Failure(std::move(fits.error()));
  const struct {
    std::int64_t& number;
    const char* sql;
  } counts[] = {{facts.commands, "select count(*) from commands"},
                {facts.jobs, "select count(*) from jobs"},
                {facts.waiting, "select count(*) from jobs where job_status = 'SCHEDULED'"},
                {facts.running, "select count(*) from jobs where job_status in ('STARTED', 'RESTARTED')"}};
  for (const auto& count : counts) {
    const auto number = Count(*database, count.sql);
    if (!number) return Failure(number.error());
    count.number = *number;
  }
  return facts;
}

}  // namespace cmdsrv
