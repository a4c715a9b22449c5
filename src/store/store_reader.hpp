#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "store/open_database.hpp"
#include "store/rows.hpp"
#include "store/sqlite.hpp"
#include "store/store.hpp"

namespace cmdsrv {

/// The reading connection: sees every committed row and never waits for the writer. Any thread, one at a time. Texts
/// come out as valid UTF-8, NULL as empty or 0, whatever a foreign program wrote.
class StoreReader {
 public:
  /// A further connection to what OpenDatabase opened.
  static Result<std::unique_ptr<StoreReader>> Open(const std::string& path, sqlite::Database::Locking locking);

  Result<std::vector<JobRow>> Unfinished();
  Result<std::vector<JobRow>> List(const Store::ListQuery& query);
  Result<std::vector<JobRow>> Find(JobId id);
  Result<std::vector<JobRow>> Group(CommandId id);

 private:
  explicit StoreReader(sqlite::Database database) : database_(std::move(database)) {}

  Result<std::vector<JobRow>> ListSince(std::int64_t below, std::int64_t limit, std::string_view since);
  static Result<std::vector<JobRow>> ReadAll(sqlite::Statement& statement);

  std::mutex mutex_;  // guards everything below
  sqlite::Database database_;
  sqlite::Statement unfinished_;
  sqlite::Statement list_;
  sqlite::Statement floor_;
  sqlite::Statement list_newest_;
  sqlite::Statement list_since_;
  sqlite::Statement list_group_;
  sqlite::Statement find_;
  sqlite::Statement group_;
};

}  // namespace cmdsrv
