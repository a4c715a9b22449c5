#include "store/open_database.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "base/log.hpp"
#include "base/time_text.hpp"
#include "store/migrations.hpp"

namespace cmdsrv {
namespace {

constexpr log::Domain kStore{"store"};

/// Up to this size the whole file is checked at each start (some 20 ms on a PC). A larger one is checked after an
/// unclean end only, and then without the command log: a start must not take half a minute because the log is long.
constexpr std::int64_t kAlwaysCheckBytes = std::int64_t{16} << 20;

/// Ids above are no ids of ours but damage, or somebody's joke: JSON readers could not hold them, counters would
/// overflow.
constexpr const char* kHighestIdSql[] = {
    "select max(rowid) from commands where rowid < 9007199254740992",
    "select value from cmdsrv_meta where key = 'last_command_id' and value < 9007199254740992",
    "select max(rowid) from jobs where rowid < 9007199254740992",
    "select value from cmdsrv_meta where key = 'last_job_id' and value < 9007199254740992",
};

struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

std::string DirectoryOf(const std::string& path) {
  const auto directory = std::filesystem::path(path).parent_path();
  return directory.empty() ? "." : directory.string();
}

/// Makes new and renamed names survive a power cut.
void SyncDirectoryOf(const std::string& path) {
  const Descriptor directory{::open(DirectoryOf(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (directory.fd >= 0) ::fsync(directory.fd);
}

/// SQLite puts -wal and -shm beside the file that a link leads to; so must everything that renames them.
std::string ResolveLinks(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr), &std::free);
  return real ? std::string(real.get()) : path;
}

/// Offset 60 of the header, big endian; 0 when there is no header of SQLite.
std::int64_t VersionInHeader(int fd) {
  std::array<unsigned char, 100> header{};
  if (::pread(fd, header.data(), header.size(), 0) != static_cast<ssize_t>(header.size())) return 0;
  if (std::string_view(reinterpret_cast<const char*>(header.data()), 15) != "SQLite format 3") return 0;
  std::uint32_t version = 0;
  for (std::size_t i = 60; i < 64; ++i) version = (version << 8U) | header[i];
  return static_cast<std::int32_t>(version);
}

Failure RefuseNewer(const std::string& path, std::int64_t version) {
  return Fail(
      ErrorCode::Newer,
      "cannot use {}: it was written by a newer Command Server (version {} of the file, this one knows {}); install "
      "the newer program again, or move the file away to begin with an empty one",
      path, version, StoreVersion());
}

/// There is a regular file of mode 0600 at `path` afterwards. SQLite gives -wal and -shm the mode and owner of the file
/// itself. Descriptors of the file must not be closed later: that would drop the locks of SQLite.
Result<std::int64_t> PrepareFile(const std::string& path) {
  constexpr int kFlags = O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
  Descriptor file{::open(path.c_str(), kFlags | O_CREAT | O_EXCL, 0600)};
  if (file.fd >= 0) {
    SyncDirectoryOf(path);
  } else if (errno == EEXIST) {
    file.fd = ::open(path.c_str(), kFlags | O_CREAT, 0600);  // O_CREAT: the end of a dangling link
  }
  if (file.fd < 0) return FailFromErrno(errno, fmt::format("open the database {}", path));
  struct stat facts {};
  if (::fstat(file.fd, &facts) != 0) return FailFromErrno(errno, fmt::format("examine the database {}", path));
  if (!S_ISREG(facts.st_mode)) return Fail(ErrorCode::Io, "cannot use {} as database: it is no regular file", path);
  if ((facts.st_mode & 0077U) != 0 && ::fchmod(file.fd, 0600) != 0) {
    log::Warning(kStore, "cannot make {} private: {}", path, Reason(errno));
  }
  return VersionInHeader(file.fd);
}

Result<void> CheckTable(sqlite::Database& database, const char* sql) {
  auto check = database.Prepare("check the database", sql);
  if (!check) return Failure(check.error());
  const auto row = check->Step();
  if (!row) return Failure(row.error());
  if (*row && check->Text(0) != "ok") {
    return Fail(ErrorCode::Corrupt, "cannot use {}: {}", sqlite3_db_filename(database.Handle(), "main"),
                check->Text(0));
  }
  return {};
}

Result<void> CheckIntegrity(sqlite::Database& database, std::int64_t version, const std::string& path) {
  std::error_code ignored;
  if (static_cast<std::int64_t>(std::filesystem::file_size(path, ignored)) <= kAlwaysCheckBytes) {
    return CheckTable(database, "pragma quick_check(1)");
  }
  if (version == 0) return CheckTable(database, "pragma quick_check(1)");  // once, when it is taken over
  auto clean =
      database.Integer("read how the last run ended", "select value from cmdsrv_meta where key = 'closed_cleanly'");
  if (!clean) return Failure(std::move(clean).error());
  if (clean->value_or(0) == 1) return {};
  for (const char* sql :
       {"pragma quick_check('jobs')", "pragma quick_check('cmdsrv_runs')", "pragma quick_check('cmdsrv_meta')"}) {
    if (auto checked = CheckTable(database, sql); !checked) return checked;
  }
  return {};
}

Result<void> UseWal(sqlite::Database& database, const std::string& path) {
  auto mode = database.Prepare("switch to WAL mode", "pragma journal_mode = wal");
  if (!mode) return Failure(mode.error());
  const auto row = mode->Step();
  if (!row) return Failure(row.error());
  // Works without, only slower: readers and the writer wait for each other.
  if (mode->Text(0) != "wal")
    log::Warning(kStore, "cannot use WAL mode for {}: it stays in mode {}", path, mode->Text(0));
  mode->Reset();
  // Checkpoints are made by the writer when nobody waits for it, never inside a commit. The caches are small because
  // the rows that are read again are few; 4 MiB of log at most stay on the disk.
  return database.Execute(
      "configure the database",
      "pragma wal_autocheckpoint = 0; pragma journal_size_limit = 4194304; pragma cache_size = -256;"
      "pragma secure_delete = fast; pragma trusted_schema = off; pragma synchronous = normal");
}

std::int64_t ReadHighest(sqlite::Database& database, std::size_t first) {
  std::int64_t highest = 0;
  for (const std::size_t i : {first, first + 1}) {
    const auto value = database.Integer("read the highest id", kHighestIdSql[i]);
    if (value) highest = std::max(highest, value->value_or(0));  // an error: no such table, or damage
  }
  return highest;
}

HighestIds ReadHighestIds(sqlite::Database& database) { return {ReadHighest(database, 0), ReadHighest(database, 2)}; }

/// Leaves the -wal file alone while it is not clear that the database is usable and ours.
void KeepWalOnClose(sqlite::Database& database, bool keep) {
  sqlite3_db_config(database.Handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep ? 1 : 0, nullptr);
}

/// What is asked of the file is ours, and right: where SQLite only says that there is an error, it cannot make sense of
/// the file. And the file could be opened for writing a moment ago: where SQLite says, and no more than that, that it
/// must not be written, it is because a format that nobody knows is in its header.
Error OrDamage(const sqlite::Database& database, Error error) {
  const int said = sqlite3_extended_errcode(database.Handle());
  if (said == SQLITE_ERROR || said == SQLITE_READONLY) error.code = ErrorCode::Corrupt;
  return error;
}

/// Proves that it is usable, and makes it ours.
Result<void> TakeOver(sqlite::Database& database, const std::string& path) {
  const auto version = database.Integer("read the version", "pragma user_version");
  if (!version) return Failure(version.error());
  const std::int64_t from = std::max<std::int64_t>(version->value_or(0), 0);
  if (from > StoreVersion()) return RefuseNewer(path, from);  // it was in the -wal file only
  if (auto done = CheckIntegrity(database, from, path); !done) return done;
  if (auto done = UseWal(database, path); !done) return done;
  if (auto done = Migrate(database, from); !done) return done;
  auto marked = database.Execute("mark the database as in use",
                                 "insert or replace into cmdsrv_meta (key, value) values ('closed_cleanly', 0)");
  // A full disk must not keep the server from starting: its users want to delete something.
  if (!marked && marked.error().code != ErrorCode::NoSpace) return marked;
  return {};
}

Result<OpenedDatabase> TryOpen(const std::string& path, sqlite::Database::Locking locking) {
  auto database = sqlite::Database::Open(path, locking);
  if (!database) return Failure(std::move(database).error());
  KeepWalOnClose(*database, true);
  if (auto taken = TakeOver(*database, path); !taken) return Failure(OrDamage(*database, std::move(taken).error()));
  KeepWalOnClose(*database, false);
  const HighestIds ids = ReadHighestIds(*database);
  return OpenedDatabase{std::move(*database), path, locking, {}, ids};
}

Result<OpenedDatabase> TryOpenEvenWhenFull(const std::string& path) {
  auto opened = TryOpen(path, sqlite::Database::Locking::Shared);
  if (opened || opened.error().code != ErrorCode::NoSpace) return opened;
  auto exclusive = TryOpen(path, sqlite::Database::Locking::Exclusive);
  if (!exclusive) return opened;
  log::Warning(kStore, "the disk is full: {} is opened for this program alone until the next start", path);
  return exclusive;
}

/// Ids of a damaged file stay used: output files and running steps may still bear them.
HighestIds SalvageIds(const std::string& path) {
  auto damaged = sqlite::Database::Open(path);
  if (!damaged) return {};
  KeepWalOnClose(*damaged, true);
  return ReadHighestIds(*damaged);
}

/// The file goes first: after a power cut in between, SQLite removes a -wal file that stands beside an empty database,
/// while a database without its -wal would have lost its newest rows and might look sound.
Result<std::string> SetAside(const std::string& path, WallTime now) {
  const std::string base = fmt::format("{}.corrupt-{}", path, ToFileStamp(now));
  std::string target = base;
  for (int i = 2; ::renameat2(AT_FDCWD, path.c_str(), AT_FDCWD, target.c_str(), RENAME_NOREPLACE) != 0; ++i) {
    if (errno != EEXIST || i > 100) return FailFromErrno(errno, fmt::format("move the damaged {} to {}", path, target));
    target = fmt::format("{}-{}", base, i);
  }
  for (const char* suffix : {"-wal", "-shm", "-journal"}) {
    if (::rename((path + suffix).c_str(), (target + suffix).c_str()) != 0 && errno != ENOENT) {
      return FailFromErrno(errno, fmt::format("move the damaged {}{}", path, suffix));
    }
  }
  SyncDirectoryOf(path);
  return target;
}

Result<OpenedDatabase> BeginAnew(const std::string& path, const Error& damage, WallTime now) {
  const HighestIds ids = SalvageIds(path);
  auto set_aside = SetAside(path, now);
  if (!set_aside) return Failure(std::move(set_aside).error());
  log::Error(kStore, "the database is damaged and was moved to {}: {}; a new one is begun", *set_aside, damage.message);
  if (auto prepared = PrepareFile(path); !prepared) return Failure(std::move(prepared).error());
  auto opened = TryOpen(path, sqlite::Database::Locking::Shared);
  if (!opened) return opened;
  opened->set_aside = std::move(*set_aside);
  opened->ids.command = std::max(opened->ids.command, ids.command);
  opened->ids.job = std::max(opened->ids.job, ids.job);
  return opened;
}

}  // namespace

Result<OpenedDatabase> OpenDatabase(const std::string& given_path, const Clock& clock) {
  const auto version = PrepareFile(given_path);
  if (!version) return Failure(version.error());
  const std::string path = ResolveLinks(given_path);
  // Before SQLite sees the file, so that not a byte of it changes.
  if (*version > StoreVersion()) return RefuseNewer(path, *version);
  auto opened = TryOpenEvenWhenFull(path);
  if (opened || opened.error().code != ErrorCode::Corrupt) return opened;
  return BeginAnew(path, opened.error(), clock.Wall());
}

}  // namespace cmdsrv
