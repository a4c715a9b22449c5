#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

/// A thin layer over the C API of SQLite: owners, and errors as values. Nothing here knows our tables.
/// One connection and its statements belong to one thread at a time (connections are opened without a mutex).
namespace cmdsrv::sqlite {

/// "cannot `what` in /path: database or disk is full". NoSpace, Corrupt, Busy, Io or Internal, from the connection's
/// last error; so it must be made before the connection is used again.
Error LastError(sqlite3* database, std::string_view what);

/// A prepared statement. Bind, then Step until false, or Run. Bound texts are not copied: they must live until Reset.
class Statement {
 public:
  Statement() = default;

  void Bind(int index, std::int64_t value) { sqlite3_bind_int64(statement_.get(), index, value); }
  void Bind(int index, std::string_view text);
  void BindNull(int index) { sqlite3_bind_null(statement_.get(), index); }

  /// True: a row is there to be read. False: the end; the statement is reset. An error resets it, too.
  Result<bool> Step();
  /// Steps to the end, ignoring rows.
  Result<void> Run();
  /// Ends the read transaction that an unfinished SELECT holds.
  void Reset() { sqlite3_reset(statement_.get()); }

  bool IsNull(int column) const { return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL; }
  std::int64_t Integer(int column) const { return sqlite3_column_int64(statement_.get(), column); }
  /// Bytes as stored, "" for NULL; valid until the next Step or Reset.
  std::string_view Text(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  const char* what_ = "";  ///< for errors: "record a Command"
};

/// A connection. Closed by its destructor; statements that are still alive keep it open until they go.
class Database {
 public:
  enum class Locking {
    Shared,     ///< other processes may read and write
    Exclusive,  ///< only this process; needs no shared-memory file, so it opens on a full disk
  };

  /// Opens an existing file for reading and writing; a busy file is waited for at most 5 s, here and in all later
  /// calls.
  static Result<Database> Open(const std::string& path, Locking locking = Locking::Shared);

  /// An existing file, of which not a byte is changed.
  static Result<Database> OpenToLook(const std::string& path);

  /// Runs one or several statements. `what` completes "cannot …".
  Result<void> Execute(const char* what, const char* sql);
  /// `what` must be a literal: errors of the statement show it.
  Result<Statement> Prepare(const char* what, std::string_view sql);
  /// First column of the first row; empty when there is no row or it is NULL.
  Result<std::optional<std::int64_t>> Integer(const char* what, std::string_view sql);

  bool InTransaction() const { return sqlite3_get_autocommit(handle_.get()) == 0; }
  std::int64_t Changes() const { return sqlite3_changes64(handle_.get()); }
  sqlite3* Handle() const { return handle_.get(); }

 private:
  static Result<Database> OpenWith(const std::string& path, int flags, const char* vfs);

  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
  };
  std::unique_ptr<sqlite3, Close> handle_;
};

/// BEGIN IMMEDIATE … COMMIT. Rolls back unless committed. SQLite itself ends it at some errors (full disk, I/O):
/// Database::InTransaction tells.
class Transaction {
 public:
  static Result<Transaction> Begin(Database& database);
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  Result<void> Commit();

 private:
  explicit Transaction(Database* database) : database_(database) {}
  Database* database_;  ///< null: nothing to roll back
};

}  // namespace cmdsrv::sqlite
