#include "support/databases.hpp"

#include <sqlite3.h>

#include <filesystem>
#include <stdexcept>

namespace cmdsrv::test {

void MakeDatabase(const std::string& path, const std::string& sql) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::filesystem::remove(path);
  sqlite3* database = nullptr;
  const bool made = sqlite3_open(path.c_str(), &database) == SQLITE_OK &&
                    sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK;
  const std::string why = made ? std::string() : sqlite3_errmsg(database);
  sqlite3_close(database);
  if (!made) throw std::runtime_error("cannot make " + path + ": " + why);
}

}  // namespace cmdsrv::test
