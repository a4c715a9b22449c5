#include "daemon/chaos_box.hpp"

#include <sqlite3.h>

#include <filesystem>
#include <functional>
#include <sstream>
#include <stdexcept>

#include "support/files.hpp"

namespace cmdsrv::test {
namespace {

void CopyProgram(const std::string& from, const std::string& to) {
  OrThrow(MakeDirs(std::filesystem::path(to).parent_path()));
  std::filesystem::copy_file(from, to);
}

/// Calls `row` for each row; a reader of its own that sees what is committed.
void Query(const std::string& path, const char* sql, const std::function<void(sqlite3_stmt*)>& row) {
  sqlite3* database = nullptr;
  sqlite3_stmt* statement = nullptr;
  const int opened = sqlite3_open_v2(path.c_str(), &database, SQLITE_OPEN_READWRITE, nullptr);
  sqlite3_busy_timeout(database, 10'000);
  const bool good = opened == SQLITE_OK && sqlite3_prepare_v2(database, sql, -1, &statement, nullptr) == SQLITE_OK;
  while (good && sqlite3_step(statement) == SQLITE_ROW) row(statement);
  sqlite3_finalize(statement);
  sqlite3_close(database);
  if (!good) throw std::runtime_error("cannot query " + path);
}

std::string TextOf(sqlite3_stmt* row, int column) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(row, column));
  return text == nullptr ? "" : text;
}

constexpr const char* kDatabase = "/opt/admin/cmdsrv/cmdsrv.0.3.db";

}  // namespace

ChaosBox::ChaosBox(int max_running) : box_(SmallBox()) {
  CopyProgram(BuiltProgram("bin/iiab-cmdsrv"), box_.Path("/programs/bin/iiab-cmdsrv"));
  CopyProgram(BuiltProgram("libexec/iiab-cmdsrv-shim"), box_.Path("/programs/libexec/iiab-cmdsrv-shim"));
  CopyProgram(BuiltProgram("tests/chaos_step"), box_.Path("/programs/libexec/iiab-cmdsrv-step"));
  OrThrow(MakeDirs(box_.Path("/var/chaos")));
  box_.Configure({{"cmdsrv_max_concurrent_jobs", max_running}});
}

Daemon ChaosBox::Start() {
  return OrThrow(Daemon::Start(box_.Root(), {}, seconds(10), box_.Path("/programs/bin/iiab-cmdsrv")));
}

std::string ChaosBox::StepText(Kind kind, int hundredths, int number) {
  return fmt::format("{}.{:04}", static_cast<int>(kind) * 100 + hundredths, number);
}

std::vector<ChaosBox::Note> ChaosBox::Notes() const {
  std::vector<Note> notes;
  std::istringstream text(ReadText(box_.Path("/var/chaos/log")).value_or(""));
  for (Note note; text >> note.job >> note.what >> note.ms;) notes.push_back(note);
  return notes;
}

std::map<long, ChaosBox::Row> ChaosBox::Rows() const {
  std::map<long, Row> rows;
  const char* sql = "select rowid, cmd_rowid, cmd_step_no, depend_on_job_id, job_status, job_output from jobs";
  Query(box_.Path(kDatabase), sql, [&](sqlite3_stmt* row) {
    rows[sqlite3_column_int(row, 0)] = {sqlite3_column_int(row, 1), sqlite3_column_int(row, 2),
                                        sqlite3_column_int(row, 3), TextOf(row, 4), TextOf(row, 5)};
  });
  return rows;
}

long ChaosBox::Unfinished() const {
  long count = -1;
  const char* sql = "select count(*) from jobs where job_status in ('SCHEDULED', 'STARTED', 'RESTARTED')";
  Query(box_.Path(kDatabase), sql, [&](sqlite3_stmt* row) { count = sqlite3_column_int(row, 0); });
  return count;
}

}  // namespace cmdsrv::test
