#include "steps/db_module.hpp"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

namespace {

constexpr int kBusyMs = 5000;
constexpr int kMostColumns = 8;
constexpr time_t kLongestSeconds = 60;  ///< a hostile schema could make a query go on for ever
constexpr int kStepsBetweenLooks = 10'000;

time_t Now() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec;
}

int IsTooLong(void* begin) { return Now() - *static_cast<const time_t*>(begin) > kLongestSeconds ? 1 : 0; }

class Reader {
 public:
  ~Reader() {
    sqlite3_finalize(statement_);
    sqlite3_close(database_);
  }

  CmdsrvDbEnd Read(const char* path, const char* sql, const char* const* values, CmdsrvDbRow row, void* user) {
    if (sqlite3_open_v2(path, &database_, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOFOLLOW, nullptr) != SQLITE_OK)
      return kCmdsrvDbFailed;
    sqlite3_busy_timeout(database_, kBusyMs);
    sqlite3_db_config(database_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(database_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    sqlite3_progress_handler(database_, kStepsBetweenLooks, IsTooLong, &begin_);
    if (sqlite3_prepare_v2(database_, sql, -1, &statement_, nullptr) != SQLITE_OK) return kCmdsrvDbFailed;
    for (int i = 0; values[i] != nullptr; ++i) {
      if (sqlite3_bind_text(statement_, i + 1, values[i], -1, SQLITE_STATIC) != SQLITE_OK) return kCmdsrvDbFailed;
    }
    for (;;) {
      const int result = sqlite3_step(statement_);
      if (result == SQLITE_DONE) return kCmdsrvDbDone;
      if (result != SQLITE_ROW) return kCmdsrvDbFailed;
      if (Give(row, user) != 0) return kCmdsrvDbStopped;
    }
  }

  const char* Why() const { return sqlite3_errmsg(database_); }

 private:
  int Give(CmdsrvDbRow row, void* user) {
    const char* cells[kMostColumns] = {};
    const int count = sqlite3_column_count(statement_);
    const int used = count < kMostColumns ? count : kMostColumns;
    for (int i = 0; i < used; ++i) cells[i] = reinterpret_cast<const char*>(sqlite3_column_text(statement_, i));
    return row(user, cells, static_cast<size_t>(used));
  }

  sqlite3* database_ = nullptr;
  sqlite3_stmt* statement_ = nullptr;
  time_t begin_ = Now();
};

}  // namespace

CmdsrvDbEnd cmdsrv_db_read(const char* path, const char* sql, const char* const* values, CmdsrvDbRow row, void* user,
                           char* why, size_t why_size) {
  Reader reader;
  const CmdsrvDbEnd end = reader.Read(path, sql, values, row, user);
  if (end == kCmdsrvDbFailed) snprintf(why, why_size, "%s", reader.Why());
  return end;
}
