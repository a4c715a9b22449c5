#include "steps/foreign_db.hpp"

#include "base/text.hpp"
#include "platform/files.hpp"
#include "steps/db_module.hpp"
#include "steps/module_loader.hpp"

namespace cmdsrv {
namespace {

constexpr std::size_t kMostRows = 500'000;

int OnRow(void* user, const char* const* cells, size_t count) {
  auto& rows = *static_cast<std::vector<DbRow>*>(user);
  if (rows.size() == kMostRows) return 1;
  DbRow row(count);
  for (size_t i = 0; i < count; ++i) {
    if (cells[i] != nullptr) row[i] = ToUtf8(cells[i]);
  }
  rows.push_back(std::move(row));
  return 0;
}

}  // namespace

Result<std::vector<DbRow>> ReadForeignDb(const std::string& path, const char* sql,
                                         const std::vector<std::string>& values) {
  const auto facts = Look(path);
  if (!facts) return Fail(ErrorCode::NotFound, "there is no {}", path);
  if (!facts->is_regular) return Fail(ErrorCode::Corrupt, "{} is no regular file", path);
  const auto read = LoadFunction<CmdsrvDbRead>("iiab-cmdsrv-db.so", "cmdsrv_db_read");
  if (!read) return Failure(read.error());
  std::vector<const char*> bound;
  for (const std::string& value : values) bound.push_back(value.c_str());
  bound.push_back(nullptr);
  std::vector<DbRow> rows;
  char why[256] = "";
  switch ((*read)(path.c_str(), sql, bound.data(), OnRow, &rows, why, sizeof why)) {
    case kCmdsrvDbDone: return rows;
    case kCmdsrvDbStopped: return Fail(ErrorCode::Corrupt, "cannot read {}: it gives too many rows", path);
    case kCmdsrvDbFailed: break;
  }
  return Fail(ErrorCode::Corrupt, "cannot read {}: {}", path, ToUtf8(why));
}

}  // namespace cmdsrv
