#pragma once

#include <sqlite3.h>

#include <string>
#include <string_view>
#include <vector>

namespace cmdsrv::test {

/// A database as the Python program writes it: plain SQLite, its two tables to the letter, a rollback journal. Also its
/// way of reading and writing, to see whether it could come back. Failures are exceptions.
class PythonDatabase {
 public:
  /// Makes the tables when the file is empty or missing, as that program does.
  explicit PythonDatabase(const std::string& path);
  ~PythonDatabase() { sqlite3_close(database_); }
  PythonDatabase(const PythonDatabase&) = delete;
  PythonDatabase& operator=(const PythonDatabase&) = delete;

  struct Job {
    long id = 0;
    long command = 0;
    int step = 1;
    long after = -1;
    bool has_dependent = false;
    std::string program = "scripts/zim_install_move.sh wikipedia_en_demo_2026-01.zim";
    std::string options = R"({"extra_vars": null, "service_required": null})";
    long pid = 0;
    std::string output = {};
    std::string status = "SUCCEEDED";
    std::string created = {};
    std::string updated = {};
  };

  void InsertCommand(long id, std::string_view message, std::string_view created);
  void InsertJob(const Job& job);
  void Run(const std::string& sql);
  std::vector<std::vector<std::string>> Rows(const std::string& sql);

  // The queries of the program itself.
  std::vector<std::vector<std::string>> GetJobStat(long last_rowid);
  std::vector<std::vector<std::string>> JobsToRecover();
  long HighestJob();
  void EndJob(long id, std::string_view status, std::string_view now);

 private:
  sqlite3* database_ = nullptr;
};

}  // namespace cmdsrv::test
