// A database of the Python program, or what is left of one. An input that begins with 'S' is the file itself; any other
// is rows: texts between NULs, eleven for a job.
#include <sqlite3.h>

#include <array>

#include "base/text.hpp"
#include "store/store.hpp"
#include "target.hpp"
#include "temporary_folder.hpp"

using namespace cmdsrv;

namespace {

constexpr const char* kTables =
    "PRAGMA synchronous=OFF; CREATE TABLE commands (cmd_msg text, create_datetime text);"
    "CREATE TABLE jobs (cmd_rowid integer, cmd_step_no integer, depend_on_job_id integer, has_dependent text,"
    " job_command text, opt_args_json text, job_pid integer, job_output text, job_status text, create_datetime text,"
    " last_update_datetime text); INSERT INTO commands VALUES ('TEST', '2026-05-01 12:34:56.000000')";

void WriteRows(const std::string& path, std::string_view input) {
  sqlite3* database = nullptr;
  FUZZ_CHECK(sqlite3_open(path.c_str(), &database) == SQLITE_OK);
  FUZZ_CHECK(sqlite3_exec(database, kTables, nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_stmt* insert = nullptr;
  FUZZ_CHECK(sqlite3_prepare_v2(database, "INSERT INTO jobs VALUES (?,?,?,?,?,?,?,?,?,?,?)", -1, &insert, nullptr) ==
             SQLITE_OK);
  const auto fields = Split(input, '\0');
  for (std::size_t at = 0; at < fields.size() && at < 11U * 8; at += 11) {
    for (std::size_t i = 0; i < 11 && at + i < fields.size(); ++i) {
      const std::string_view field = fields[at + i];
      sqlite3_bind_text(insert, static_cast<int>(i) + 1, field.data(), static_cast<int>(field.size()),
                        SQLITE_TRANSIENT);
    }
    sqlite3_step(insert);
    sqlite3_reset(insert);
    sqlite3_clear_bindings(insert);
  }
  sqlite3_finalize(insert);
  sqlite3_close(database);
}

void ReadAll(Store& store) {
  for (const auto& rows : {store.Unfinished(), store.List({.below = {}, .since = {}, .group = {}, .limit = 50})}) {
    if (!rows) continue;
    for (const JobRow& row : *rows) {
      (void)ParseJobOptions(row.options_json);
      const auto found = store.Find(row.id);
      FUZZ_CHECK(!found || found->id == row.id);
      (void)store.Group(row.command);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static TemporaryFolder folder;
  const std::string path = folder / "cmdsrv.0.3.db";
  const std::string_view input = AsText(data, size);
  folder.Empty();
  if (input.starts_with('S')) {
    TemporaryFolder::Write(path, input);
  } else {
    WriteRows(path, input);
  }
  const Clock clock;
  auto opened = Store::Open({.path = path}, clock);
  if (!opened) {
    FUZZ_CHECK(opened.error().code == ErrorCode::Newer || opened.error().code == ErrorCode::Corrupt);
    return 0;
  }
  ReadAll(*opened->store);
  // It takes a new Command, whose ids nobody had before.
  const CommandId command = opened->store->NextCommandId();
  const auto ids = opened->store->NextJobIds(1);
  JobRow job;
  job.id = ids.front();
  job.command = command;
  job.status = "SCHEDULED";
  job.options_json = PrintJobOptions({});
  FUZZ_CHECK(opened->store->InsertGroup({command, "TEST-JOB", clock.Wall()}, {job}).has_value());
  FUZZ_CHECK(opened->store->Find(job.id).has_value());
  opened->store->Close();
  return 0;
}
