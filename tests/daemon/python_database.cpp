#include "daemon/python_database.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

namespace cmdsrv::test {
namespace {

constexpr const char* kTables =
    "CREATE TABLE commands (cmd_msg text, create_datetime text);"
    "CREATE TABLE jobs (cmd_rowid integer, cmd_step_no integer, depend_on_job_id integer, has_dependent text,"
    " job_command text, opt_args_json text, job_pid integer, job_output text, job_status text, create_datetime text,"
    " last_update_datetime text)";

std::string Quoted(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? "''" : std::string(1, c);
  return quoted + "'";
}

}  // namespace

PythonDatabase::PythonDatabase(const std::string& path) {
  std::error_code missing;
  const bool empty = !std::filesystem::exists(path) || std::filesystem::file_size(path, missing) == 0;
  if (sqlite3_open(path.c_str(), &database_) != SQLITE_OK) throw std::runtime_error("cannot open " + path);
  sqlite3_busy_timeout(database_, 5000);
  if (empty) Run(kTables);
}

void PythonDatabase::Run(const std::string& sql) {
  if (sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return;
  throw std::runtime_error(std::string(sqlite3_errmsg(database_)) + " in " + sql);
}

std::vector<std::vector<std::string>> PythonDatabase::Rows(const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(database_, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK)
    throw std::runtime_error(std::string(sqlite3_errmsg(database_)) + " in " + sql);
  std::vector<std::vector<std::string>> rows;
  int result = SQLITE_ROW;
  while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
    std::vector<std::string>& row = rows.emplace_back();
    for (int i = 0; i < sqlite3_column_count(statement); ++i) {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, i));
      row.emplace_back(text == nullptr ? "None" : text);
    }
  }
  sqlite3_finalize(statement);
  if (result != SQLITE_DONE) throw std::runtime_error(sqlite3_errmsg(database_));
  return rows;
}

void PythonDatabase::InsertCommand(long id, std::string_view message, std::string_view created) {
  Run(fmt::format("INSERT INTO commands (rowid, cmd_msg, create_datetime) VALUES ({}, {}, {})", id, Quoted(message),
                  Quoted(created)));
}

void PythonDatabase::InsertJob(const Job& job) {
  Run(fmt::format(
      "INSERT INTO jobs (rowid, cmd_rowid, cmd_step_no, depend_on_job_id, has_dependent, job_command, opt_args_json,"
      " job_pid, job_output, job_status, create_datetime, last_update_datetime)"
      " VALUES ({}, {}, {}, {}, '{}', {}, {}, {}, {}, {}, {}, {})",
      job.id, job.command, job.step, job.after, job.has_dependent ? 'Y' : 'N', Quoted(job.program), Quoted(job.options),
      job.pid, Quoted(job.output), Quoted(job.status), Quoted(job.created), Quoted(job.updated)));
}

std::vector<std::vector<std::string>> PythonDatabase::GetJobStat(long last_rowid) {
  return Rows(fmt::format(
      "SELECT jobs.rowid, job_command, job_output, job_status, strftime('%m-%d %H:%M', jobs.create_datetime),"
      " strftime('%s', last_update_datetime), strftime('%s', jobs.create_datetime), strftime('%s', 'now', 'localtime'),"
      " cmd_msg FROM jobs, commands where cmd_rowid = commands.rowid and jobs.rowid < {}"
      " and jobs.create_datetime > datetime('now', 'localtime', '-30 days') ORDER BY jobs.rowid DESC LIMIT 50",
      last_rowid));
}

std::vector<std::vector<std::string>> PythonDatabase::JobsToRecover() {
  return Rows(
      "SELECT jobs.rowid, cmd_rowid, cmd_step_no, depend_on_job_id, has_dependent, job_command, opt_args_json, job_pid,"
      " job_output, job_status, jobs.create_datetime, cmd_msg FROM jobs, commands WHERE cmd_rowid = commands.rowid"
      " AND job_status IN ('STARTED', 'RESTARTED', 'SCHEDULED') ORDER BY job_command, jobs.rowid DESC");
}

long PythonDatabase::HighestJob() { return std::atol(Rows("SELECT MAX(rowid) FROM jobs").at(0).at(0).c_str()); }

void PythonDatabase::EndJob(long id, std::string_view status, std::string_view now) {
  Run(
      fmt::format("UPDATE jobs SET job_pid = 0, job_output = '', job_status = '{}', last_update_datetime = '{}'"
                  " WHERE rowid = {}",
                  status, now, id));
}

}  // namespace cmdsrv::test
