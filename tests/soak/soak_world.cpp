#include "soak/soak_world.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/text.hpp"
#include "support/files.hpp"

namespace cmdsrv::test {
namespace {

constexpr std::size_t kMostComplaints = 100;

/// The rows of one column; complains in its only row when the database cannot be read.
std::vector<std::string> Column(const std::string& path, const char* sql) {
  sqlite3* database = nullptr;
  std::vector<std::string> rows;
  const auto add = [](void* into, int, char** values, char**) {
    static_cast<std::vector<std::string>*>(into)->emplace_back(values[0] == nullptr ? "" : values[0]);
    return 0;
  };
  int result = sqlite3_open_v2(path.c_str(), &database, SQLITE_OPEN_READWRITE, nullptr);
  sqlite3_busy_timeout(database, 10'000);
  if (result == SQLITE_OK) result = sqlite3_exec(database, sql, add, &rows, nullptr);
  if (result != SQLITE_OK) rows = {fmt::format("cannot read {}: {}", path, sqlite3_errmsg(database))};
  sqlite3_close(database);
  return rows;
}

}  // namespace

SoakWorld::SoakWorld() : socket_(box_.Socket()) {
  MakeAccounts(box_.Root(), kSoakPassword);
  OrThrow(WriteText(box_.Path("/etc/iiab/cmdsrv-gateway.conf"), R"({"trust_proxy": true})"));
  OrThrow(MakeDirs(box_.Path("/switches")));
  box_.Configure({{"cmdsrv_max_concurrent_jobs", 4}, {"cmdsrv_lower_job_priority_flag", false}});
  OrThrow(WriteText(box_.Path("/clock"), std::string(sizeof(std::int64_t), '\0')));
  const UniqueFd file(::open(box_.Path("/clock").c_str(), O_RDWR | O_CLOEXEC));
  clock_ = static_cast<std::int64_t*>(
      ::mmap(nullptr, sizeof(std::int64_t), PROT_READ | PROT_WRITE, MAP_SHARED, file.Get(), 0));
  if (clock_ == MAP_FAILED) ThrowError({ErrorCode::Io, "cannot map the clock"});
  ::setenv("JUMPING_CLOCK", box_.Path("/clock").c_str(), 1);
  ::setenv("FAILING_DISK", box_.Path("/switches").c_str(), 1);
  const std::string libraries =
      BuiltProgram("tests/libjumping_clock.so") + ":" + BuiltProgram("tests/libfailing_disk.so");
  const char* asan = std::getenv("ASAN_OPTIONS");  // its library is not the first to be loaded then
  ::setenv("ASAN_OPTIONS", fmt::format("{}:verify_asan_link_order=0", asan == nullptr ? "" : asan).c_str(), 1);
  ::setenv("LD_PRELOAD", libraries.c_str(), 1);
  daemon_ = std::make_unique<Daemon>(box_.StartDaemon());
  gateway_ = std::make_unique<GatewayProcess>(box_.Root());
}

SoakWorld::~SoakWorld() {
  for (const char* name : {"LD_PRELOAD", "JUMPING_CLOCK", "FAILING_DISK"}) ::unsetenv(name);
  ::munmap(clock_, sizeof(std::int64_t));
}

void SoakWorld::Complain(std::string sentence) {
  const std::lock_guard lock(mutex_);
  if (complaints_.size() < kMostComplaints) complaints_.push_back(std::move(sentence));
}

std::vector<std::string> SoakWorld::Complaints() const {
  const std::lock_guard lock(mutex_);
  return complaints_;
}

void SoakWorld::Promise(long job) {
  const std::lock_guard lock(mutex_);
  if (!promised_.insert(job).second) complaints_.push_back(fmt::format("job {} was promised twice", job));
}

std::size_t SoakWorld::Promised() const {
  const std::lock_guard lock(mutex_);
  return promised_.size();
}

void SoakWorld::KillDaemon() {
  ++life_;
  daemon_->Kill9();
  if (const auto restarted = daemon_->Restart(seconds(60)); !restarted)
    Complain("the daemon does not come back: " + restarted.error().message);
  ++life_;
}

bool SoakWorld::KillAShim() {
  for (const ProcessFacts& process : box_.Processes()) {
    if (process.command.substr(0, process.command.find(' ')).find("iiab-cmdsrv-shim") == std::string::npos) continue;
    ::kill(process.pid, SIGKILL);
    return true;
  }
  return false;
}

void SoakWorld::FillDisk(bool full) {
  const std::string path = box_.Path("/switches/full");
  if (full) OrThrow(WriteText(path, ""));
  std::error_code error;
  if (!full) std::filesystem::remove(path, error);
}

void SoakWorld::MoveClock(std::int64_t seconds_off) { std::atomic_ref(*clock_).store(seconds_off); }

long SoakWorld::Unfinished() const {
  const auto rows =
      Column(Database(), "SELECT count(*) FROM jobs WHERE job_status IN ('SCHEDULED','STARTED','RESTARTED')");
  return rows.size() == 1 ? ToInteger(rows[0]).value_or(-1) : -1;
}

void SoakWorld::EndAndCheck() {
  if (gateway_->Terminate() != 0) Complain("the gateway did not end well: " + gateway_->Printed());
  const auto ended = daemon_->Terminate(seconds(30));
  if (!ended || !ended->exited || ended->status != 0) Complain("the daemon did not end well: " + daemon_->Printed());
  for (const ProcessFacts& process : box_.Processes()) Complain("left behind: " + process.command);
  for (const std::string& name : NamesIn(box_.Path("/var/lib/iiab-cmdsrv/runs"))) Complain("a record is left: " + name);
  CheckDatabase();
}

void SoakWorld::CheckDatabase() {
  if (const auto check = Column(Database(), "PRAGMA integrity_check"); check != std::vector<std::string>{"ok"})
    Complain("the database is damaged: " + (check.empty() ? "" : check[0]));
  const auto orphans = Column(Database(), "SELECT rowid FROM jobs WHERE cmd_rowid NOT IN (SELECT rowid FROM commands)");
  if (!orphans.empty()) Complain(fmt::format("{} jobs have no Command", orphans.size()));
  const auto ids = Column(Database(), "SELECT rowid FROM jobs WHERE job_status IN ('SUCCEEDED','FAILED','CANCELLED')");
  const std::set<std::string> ended(ids.begin(), ids.end());
  for (const long job : promised_) {
    if (!ended.contains(std::to_string(job))) Complain(fmt::format("job {} was promised and has no end", job));
  }
}

}  // namespace cmdsrv::test
