#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/time_text.hpp"
#include "store/sqlite.hpp"
#include "store/store.hpp"

/// What the tests of this room share.
namespace cmdsrv::store_test {

/// A directory of its own for each test, removed at the end. In memory where possible: these tests sync often, and what
/// they prove does not depend on the medium.
class TempDirectory {
 public:
  TempDirectory() {
    for (const std::string& parent : {std::string("/dev/shm"), std::filesystem::temp_directory_path().string()}) {
      path_ = parent + "/cmdsrv-store-XXXXXX";
      if (::mkdtemp(path_.data()) != nullptr) return;
    }
    std::abort();
  }
  ~TempDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& Path() const { return path_; }
  std::string File(const std::string& name) const { return path_ + "/" + name; }
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(path_)) names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
  }

 private:
  std::string path_;
};

inline std::string ReadBytes(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void WriteBytes(const std::string& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

/// A foreign program's connection to the file: what it runs, and what it sees.
class Foreign {
 public:
  explicit Foreign(const std::string& path) {
    if (sqlite3_open(path.c_str(), &handle_) != SQLITE_OK) std::abort();
    sqlite3_busy_timeout(handle_, 20000);
  }
  ~Foreign() { sqlite3_close(handle_); }
  Foreign(const Foreign&) = delete;
  Foreign& operator=(const Foreign&) = delete;

  void Run(const std::string& sql) {
    char* message = nullptr;
    EXPECT_EQ(sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, &message), SQLITE_OK) << message << " in " << sql;
    sqlite3_free(message);
  }
  /// First column of the first row; "(null)" and "(none)" for what is not there.
  std::string Text(const std::string& sql) {
    sqlite3_stmt* statement = nullptr;
    EXPECT_EQ(sqlite3_prepare_v2(handle_, sql.c_str(), -1, &statement, nullptr), SQLITE_OK) << sqlite3_errmsg(handle_);
    std::string text = "(none)";
    if (sqlite3_step(statement) == SQLITE_ROW) {
      const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement, 0));
      text = bytes == nullptr ? "(null)" : bytes;
    }
    sqlite3_finalize(statement);
    return text;
  }
  long long Number(const std::string& sql) { return std::atoll(Text(sql).c_str()); }

 private:
  sqlite3* handle_ = nullptr;
};

inline std::unique_ptr<Store> OpenStore(const std::string& path, const Clock& clock, StoreOptions options = {}) {
  options.path = path;
  auto opened = Store::Open(options, clock);
  EXPECT_TRUE(opened.has_value()) << opened.error().message;
  if (!opened) return nullptr;
  EXPECT_EQ(opened->set_aside, "");
  return std::move(opened->store);
}

/// Waits for the answer.
inline Result<std::vector<JobId>> PruneNow(Store& store) {
  auto answer = std::make_shared<std::promise<Result<std::vector<JobId>>>>();
  store.Prune([answer](auto result) {
    answer->set_value(std::move(result).map([](PrunedRows pruned) { return std::move(pruned.jobs); }));
  });
  return answer->get_future().get();
}

inline CommandRow MakeCommand(CommandId id, std::string message = "TEST", WallTime created = WallTime{}) {
  return CommandRow{id, std::move(message), created};
}

inline JobRow MakeJob(JobId id, CommandId command, std::string status = "SCHEDULED",
                      std::string created = "2026-05-01T12:34:56.123456") {
  JobRow job;
  job.id = id;
  job.command = command;
  job.job_command = "true";
  job.options_json = PrintJobOptions(JobOptions{});
  job.status = std::move(status);
  job.created_text = created;
  job.updated_text = std::move(created);
  return job;
}

/// A chain of `count` jobs under a Command of its own.
struct Group {
  CommandRow command;
  std::vector<JobRow> jobs;
};

inline Group MakeGroup(Store& store, std::size_t count, const std::string& message = "TEST") {
  Group group{MakeCommand(store.NextCommandId(), message), {}};
  for (const JobId id : store.NextJobIds(count)) {
    JobRow job = MakeJob(id, group.command.id);
    job.step_no = static_cast<int>(group.jobs.size()) + 1;
    job.has_dependent = group.jobs.size() + 1 < count;
    if (!group.jobs.empty()) job.depends_on = group.jobs.back().id;
    group.jobs.push_back(std::move(job));
  }
  return group;
}

inline Result<void> Insert(Store& store, const Group& group) { return store.InsertGroup(group.command, group.jobs); }

/// Update that waits for `done`.
inline Result<void> UpdateNow(Store& store, std::vector<JobUpdate> updates,
                              Store::Durability durability = Store::Durability::Synced) {
  auto answer = std::make_shared<std::promise<Result<void>>>();
  store.Update(std::move(updates), durability, [answer](Result<void> result) { answer->set_value(std::move(result)); });
  return answer->get_future().get();
}

/// The ids of rows that must have been readable.
inline std::vector<std::int64_t> IdsOf(const Result<std::vector<JobRow>>& rows) {
  EXPECT_TRUE(rows.has_value()) << rows.error().message;
  std::vector<std::int64_t> ids;
  if (rows) {
    for (const JobRow& row : *rows) ids.push_back(row.id.value);
  }
  return ids;
}

/// A store on a file of its own.
class StoreTest : public ::testing::Test {
 protected:
  void SetUp() override { Reopen(); }
  void Reopen(StoreOptions options = {}) {
    store.reset();
    store = OpenStore(path, clock, options);
    ASSERT_NE(store, nullptr);
  }
  Group Submit(std::size_t count = 2) {
    Group group = MakeGroup(*store, count);
    const auto done = Insert(*store, group);
    EXPECT_TRUE(done.has_value()) << done.error().message;
    return group;
  }

  TempDirectory directory;
  const std::string path = directory.File("cmdsrv.0.3.db");
  ManualClock clock;
  std::unique_ptr<Store> store;
};

inline unsigned ModeOf(const std::string& path) {
  struct stat facts {};
  return ::stat(path.c_str(), &facts) == 0 ? facts.st_mode & 07777U : 0;
}

/// A path at which there may be anything before Store::Open.
class StoreOpenTest : public ::testing::Test {
 protected:
  Result<StoreOpened> Open() {
    StoreOptions options;
    options.path = path;
    return Store::Open(options, clock);
  }
  /// Opens, and checks that a group can be written and read.
  std::string ExpectWorks() {
    auto opened = Open();
    EXPECT_TRUE(opened.has_value()) << opened.error().message;
    if (!opened) return {};
    const Group group = MakeGroup(*opened->store, 2);
    const auto done = Insert(*opened->store, group);
    EXPECT_TRUE(done.has_value()) << done.error().message;
    EXPECT_EQ(IdsOf(opened->store->Group(group.command.id)).size(), 2U);
    return opened->set_aside;
  }
  /// A file with some hundred jobs, closed cleanly.
  void MakeFile(int groups = 100) {
    auto store = OpenStore(path, clock);
    for (int i = 0; i < groups; ++i) {
      Group group = MakeGroup(*store, 2, "INST-ZIMS " + std::string(200, 'x'));
      ASSERT_TRUE(Insert(*store, group));
    }
  }
  void ExpectSetAside(std::string_view damaged_bytes) {
    const std::string set_aside = ExpectWorks();
    EXPECT_EQ(set_aside, path + ".corrupt-" + ToFileStamp(clock.wall));
    EXPECT_EQ(ReadBytes(set_aside), damaged_bytes) << "kept for whoever wants to look";
    EXPECT_EQ(ModeOf(path), 0600U);
  }

  TempDirectory directory;
  std::string path = directory.File("cmdsrv.0.3.db");
  ManualClock clock;
};

}  // namespace cmdsrv::store_test
