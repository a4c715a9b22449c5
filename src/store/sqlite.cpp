#include "store/sqlite.hpp"

#include <cerrno>
#include <mutex>

namespace cmdsrv::sqlite {
namespace {

constexpr int kBusyTimeoutMs = 5000;

ErrorCode CodeOf(int extended, int system_errno) {
  if (system_errno == ENOSPC || system_errno == EDQUOT) return ErrorCode::NoSpace;
  switch (extended & 0xff) {
    case SQLITE_FULL: return ErrorCode::NoSpace;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return ErrorCode::Corrupt;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return ErrorCode::Busy;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_NOLFS: return ErrorCode::Io;
    default: return ErrorCode::Internal;
  }
}

Error MakeError(sqlite3* database, std::string_view what, std::string_view path) {
  const int extended = sqlite3_extended_errcode(database);
  const int primary = extended & 0xff;
  // The errno is that of the last failed system call, which may be long ago: it means something for these only.
  const bool of_system = primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN || primary == SQLITE_FULL;
  const int system_errno = of_system ? sqlite3_system_errno(database) : 0;
  std::string text = sqlite3_errmsg(database);
  if (system_errno != 0 && primary != SQLITE_FULL) text += fmt::format(" ({})", Reason(system_errno));
  return Error{CodeOf(extended, system_errno), fmt::format("cannot {} in {}: {}", what, path, text)};
}

}  // namespace

Error LastError(sqlite3* database, std::string_view what) {
  const char* path = sqlite3_db_filename(database, "main");
  return MakeError(database, what, path == nullptr ? "the database" : path);
}

void Statement::Bind(int index, std::string_view text) {
  // A null pointer would bind NULL.
  sqlite3_bind_text64(statement_.get(), index, text.data() == nullptr ? "" : text.data(), text.size(), SQLITE_STATIC,
                      SQLITE_UTF8);
}

Result<bool> Statement::Step() {
  const int result = sqlite3_step(statement_.get());
  if (result == SQLITE_ROW) return true;
  if (result == SQLITE_DONE) {
    Reset();
    return false;
  }
  Error error = LastError(sqlite3_db_handle(statement_.get()), what_);
  Reset();
  return Failure(std::move(error));
}

Result<void> Statement::Run() {
  for (;;) {
    const auto more = Step();
    if (!more) return Failure(more.error());
    if (!*more) return {};
  }
}

std::string_view Statement::Text(int column) const {
  const void* bytes = sqlite3_column_text(statement_.get(), column);  // before column_bytes: it may convert
  const int size = sqlite3_column_bytes(statement_.get(), column);
  if (bytes == nullptr) return {};
  return {static_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

Result<Database> Database::Open(const std::string& path, Locking locking) {
  return OpenWith(path, SQLITE_OPEN_READWRITE, locking == Locking::Exclusive ? "unix-excl" : nullptr);
}

Result<Database> Database::OpenToLook(const std::string& path) { return OpenWith(path, SQLITE_OPEN_READONLY, nullptr); }

Result<Database> Database::OpenWith(const std::string& path, int flags, const char* vfs) {
  // Without the statistics SQLite takes no global lock at each allocation. Only the first call in a process has effect.
  static std::once_flag configured;
  std::call_once(configured, [] { sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); });

  sqlite3* handle = nullptr;
  const int result = sqlite3_open_v2(path.c_str(), &handle, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, vfs);
  Database database;
  database.handle_.reset(handle);
  if (handle == nullptr) return Fail(ErrorCode::Internal, "cannot open {}: not enough memory", path);
  if (result != SQLITE_OK) return Failure(MakeError(handle, "open the database", path));
  sqlite3_busy_timeout(handle, kBusyTimeoutMs);
  return database;
}

Result<void> Database::Execute(const char* what, const char* sql) {
  if (sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return Failure(LastError(handle_.get(), what));
}

Result<Statement> Database::Prepare(const char* what, std::string_view sql) {
  sqlite3_stmt* handle = nullptr;
  const int result = sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
  if (result != SQLITE_OK) return Failure(LastError(handle_.get(), what));
  Statement statement;
  statement.statement_.reset(handle);
  statement.what_ = what;
  return statement;
}

Result<std::optional<std::int64_t>> Database::Integer(const char* what, std::string_view sql) {
  auto statement = Prepare(what, sql);
  if (!statement) return Failure(std::move(statement).error());
  const auto row = statement->Step();
  if (!row) return Failure(row.error());
  if (!*row || statement->IsNull(0)) return std::optional<std::int64_t>();
  return std::optional(statement->Integer(0));
}

Result<Transaction> Transaction::Begin(Database& database) {
  // IMMEDIATE: a busy file shows here, where waiting is possible, and not in the middle of the work.
  auto begun = database.Execute("begin a transaction", "begin immediate");
  if (!begun) return Failure(std::move(begun).error());
  return Transaction(&database);
}

Transaction::~Transaction() {
  if (database_ != nullptr && database_->InTransaction()) (void)database_->Execute("roll back", "rollback");
}

Result<void> Transaction::Commit() {
  auto committed = database_->Execute("commit", "commit");
  if (committed) database_ = nullptr;
  return committed;
}

}  // namespace cmdsrv::sqlite
