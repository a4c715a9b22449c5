#include <fcntl.h>
#include <gmock/gmock.h>
#include <sched.h>
#include <sys/mount.h>

#include <thread>

#include "store/store.hpp"
#include "store/store_fault_injection.hpp"
#include "store/store_test_support.hpp"

namespace cmdsrv {
namespace {

using namespace store_test;  // NOLINT
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class StoreFaultTest : public ::testing::Test {
 protected:
  void SetUp() override { Reopen(); }
  void TearDown() override {
    g_faults.full = false;
    g_faults.sync_fails = false;
  }
  void Reopen() {
    store.reset();
    store = OpenStore(path, clock);
    ASSERT_NE(store, nullptr);
  }
  Result<void> Update(JobId id, const std::string& status, Store::Durability durability) {
    return UpdateNow(*store, {JobUpdate{id, status, {}, {}, {}, clock.wall}}, durability);
  }
  /// A copy of the files as a power cut would leave them, opened.
  std::unique_ptr<Store> AfterAKill() {
    const std::string copy = directory.File("copy" + std::to_string(++copies_) + ".db");
    for (const char* suffix : {"", "-wal"}) WriteBytes(copy + suffix, ReadBytes(path + suffix));
    return OpenStore(copy, clock);
  }

  TempDirectory directory;
  std::string path = directory.File("cmdsrv.0.3.db");
  ManualClock clock;
  std::unique_ptr<Store> store;

 private:
  int copies_ = 0;
};

TEST_F(StoreFaultTest, OnlyWhatAsksForItIsSynced) {
  long before = g_faults.syncs;
  const Group group = MakeGroup(*store, 1);
  ASSERT_TRUE(Insert(*store, group));
  EXPECT_GT(g_faults.syncs, before);
  const JobId id = group.jobs[0].id;
  for (int i = 0; i < 3; ++i) {  // the kinds alternate
    before = g_faults.syncs;
    ASSERT_TRUE(Update(id, "STARTED", Store::Durability::Kept));
    store->LogCommand(MakeCommand(store->NextCommandId()));
    ASSERT_TRUE(Update(id, "STARTED", Store::Durability::Kept));
    EXPECT_EQ(g_faults.syncs, before);
    ASSERT_TRUE(Update(id, "SUCCEEDED", Store::Durability::Synced));
    EXPECT_EQ(g_faults.syncs, before + 1);
  }
}

TEST_F(StoreFaultTest, WhatIsKeptIsThereAfterAKill) {
  const Group group = MakeGroup(*store, 1);
  ASSERT_TRUE(Insert(*store, group));
  ASSERT_TRUE(Update(group.jobs[0].id, "STARTED", Store::Durability::Kept));
  EXPECT_EQ(AfterAKill()->Find(group.jobs[0].id)->status, "STARTED");
}

TEST_F(StoreFaultTest, AFullDiskIsSaidAndSurvived) {
  const Group group = MakeGroup(*store, 1);
  ASSERT_TRUE(Insert(*store, group));
  g_faults.full = true;
  const Group refused = MakeGroup(*store, 2);
  const auto done = Insert(*store, refused);
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().code, ErrorCode::NoSpace);
  EXPECT_THAT(done.error().message, AllOf(HasSubstr(path), HasSubstr("full")));
  EXPECT_EQ(Update(group.jobs[0].id, "STARTED", Store::Durability::Kept).error().code, ErrorCode::NoSpace);
  for (int i = 0; i < 10; ++i) store->LogCommand(MakeCommand(store->NextCommandId()));
  EXPECT_EQ(PruneNow(*store).error().code, ErrorCode::NoSpace);
  EXPECT_EQ(store->Find(group.jobs[0].id)->status, "SCHEDULED") << "reading goes on";
  g_faults.full = false;
  EXPECT_TRUE(Insert(*store, refused)) << "nothing of it was left, and the writer lives";
  EXPECT_TRUE(Update(group.jobs[0].id, "STARTED", Store::Durability::Kept));
}

TEST_F(StoreFaultTest, AFailedSyncFailsTheOperation) {
  g_faults.sync_fails = true;
  const Group group = MakeGroup(*store, 2);
  const auto done = Insert(*store, group);
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().code, ErrorCode::Io);
  EXPECT_THAT(done.error().message, HasSubstr(path));
  EXPECT_FALSE(store->Group(group.command.id).has_value());
  EXPECT_FALSE(AfterAKill()->Group(group.command.id).has_value()) << "refused jobs must not come to life after a crash";
}

TEST_F(StoreFaultTest, AfterAFailedSyncNothingIsCalledSyncedBeforeTheWalIsWrittenBack) {
  const Group before = MakeGroup(*store, 1);
  ASSERT_TRUE(Insert(*store, before));
  g_faults.sync_fails = true;
  ASSERT_FALSE(Insert(*store, MakeGroup(*store, 1)));
  EXPECT_TRUE(Update(before.jobs[0].id, "STARTED", Store::Durability::Kept)) << "needs no sync";
  EXPECT_FALSE(Update(before.jobs[0].id, "FAILED", Store::Durability::Synced));
  EXPECT_EQ(store->Find(before.jobs[0].id)->status, "STARTED");
  g_faults.sync_fails = false;
  const Group after = MakeGroup(*store, 1);
  ASSERT_TRUE(Insert(*store, after));
  // The WAL file was begun anew, so that no frame that may be missing on the medium is in front of the new ones.
  const std::string copy = directory.File("without-wal.db");
  WriteBytes(copy, ReadBytes(path));
  EXPECT_EQ(OpenStore(copy, clock)->Find(before.jobs[0].id)->status, "STARTED");
  EXPECT_TRUE(AfterAKill()->Find(after.jobs[0].id).has_value());
}

TEST_F(StoreFaultTest, ALongWalIsWrittenBackAndBegunAnew) {
  JobRow job = MakeGroup(*store, 1).jobs[0];
  ASSERT_TRUE(store->InsertGroup(MakeCommand(job.command), {job}));
  for (int i = 0; i < 60; ++i) {  // every page is another each time: SQLite does not write one that stays the same
    const std::string output(400'000, static_cast<char>('0' + i));
    ASSERT_TRUE(UpdateNow(*store, {JobUpdate{job.id, {}, {}, output, {}, {}}}, Store::Durability::Kept));
  }
  EXPECT_LT(std::filesystem::file_size(path + "-wal"), std::uintmax_t{6} << 20U) << "of 24 MiB";
}

/// A file system of 512 KiB where the test may mount one, otherwise a disk that pretends to be full.
class SmallDisk {
 public:
  SmallDisk() {
    real_ = ::unshare(CLONE_NEWNS) == 0 && ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
            ::mount("none", directory_.Path().c_str(), "tmpfs", 0, "size=512k") == 0;
    if (!real_) g_faults.largest_file = 512 << 10;
  }
  ~SmallDisk() {
    Free();
    g_faults.largest_file = 0;
    if (real_) ::umount2(directory_.Path().c_str(), MNT_DETACH);
  }
  void Fill() {
    g_faults.full = !real_;
    if (!real_) return;
    const int fd = ::open(directory_.File("rest").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    const std::string block(4096, 'x');
    while (::write(fd, block.data(), block.size()) > 0) {
    }
    ::close(fd);
  }
  void Free() {
    g_faults.full = false;
    if (real_) std::filesystem::remove(directory_.File("rest"));
  }
  std::string File(const std::string& name) const { return directory_.File(name); }

 private:
  TempDirectory directory_;
  bool real_ = false;
};

class SmallDiskTest : public ::testing::Test {
 protected:
  SmallDisk disk;
  const std::string path = disk.File("cmdsrv.0.3.db");
  ManualClock clock;
};

TEST_F(SmallDiskTest, WritesFailWhileItIsFullAndWorkAfterwards) {
  auto store = OpenStore(path, clock);
  ASSERT_NE(store, nullptr);
  const Group first = MakeGroup(*store, 1);
  ASSERT_TRUE(Insert(*store, first));
  disk.Fill();
  Result<void> done;
  for (int i = 0; i < 100 && done; ++i) {
    Group group = MakeGroup(*store, 1);
    group.jobs[0].output.assign(20000, 'x');
    done = Insert(*store, group);
  }
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().code, ErrorCode::NoSpace) << done.error().message;
  EXPECT_TRUE(store->Find(first.jobs[0].id).has_value());
  disk.Free();
  Group group = MakeGroup(*store, 1);
  group.jobs[0].output.assign(20000, 'x');
  EXPECT_TRUE(Insert(*store, group));
}

TEST_F(SmallDiskTest, ASmallWriteFindsRoomThoughALargeOneOfItsBatchDoesNot) {
  auto store = OpenStore(path, clock);
  ASSERT_NE(store, nullptr);
  const Group group = MakeGroup(*store, 2);
  ASSERT_TRUE(Insert(*store, group));
  std::promise<void> go;
  std::promise<void> held;
  std::promise<Result<void>> large;
  std::promise<Result<void>> small;
  store->Update({}, Store::Durability::Kept, [&](const Result<void>&) {
    held.set_value();
    go.get_future().wait();
  });
  held.get_future().wait();
  store->Update({JobUpdate{group.jobs[0].id, "SUCCEEDED", {}, std::string(2'000'000, 'x'), {}, clock.wall}},
                Store::Durability::Synced, [&](Result<void> r) { large.set_value(std::move(r)); });
  store->Update({JobUpdate{group.jobs[1].id, "FAILED", {}, {}, {}, clock.wall}}, Store::Durability::Synced,
                [&](Result<void> r) { small.set_value(std::move(r)); });
  go.set_value();
  EXPECT_EQ(large.get_future().get().error().code, ErrorCode::NoSpace) << "2 MB on 512 KiB";
  EXPECT_TRUE(small.get_future().get());
  EXPECT_EQ(store->Find(group.jobs[0].id)->status, "SCHEDULED");
  EXPECT_EQ(store->Find(group.jobs[1].id)->status, "FAILED");
}

TEST_F(SmallDiskTest, AFullDiskDoesNotKeepTheServerFromStarting) {
  JobId id;
  {
    auto store = OpenStore(path, clock);
    ASSERT_NE(store, nullptr);
    const Group group = MakeGroup(*store, 1);
    id = group.jobs[0].id;
    ASSERT_TRUE(Insert(*store, group));
  }
  disk.Fill();
  auto store = OpenStore(path, clock);
  ASSERT_NE(store, nullptr);
  EXPECT_EQ(store->Find(id)->status, "SCHEDULED");
  EXPECT_THAT(*store->Unfinished(), SizeIs(1));
  const auto done = Insert(*store, MakeGroup(*store, 1));
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().code, ErrorCode::NoSpace) << done.error().message;
  disk.Free();
  const Group group = MakeGroup(*store, 1);
  EXPECT_TRUE(Insert(*store, group));
  EXPECT_TRUE(store->Find(group.jobs[0].id).has_value());
  store->Close();
  EXPECT_EQ(OpenStore(path, clock)->Find(group.jobs[0].id)->status, "SCHEDULED");
}

TEST_F(SmallDiskTest, NoRoomForANewFileIsSaid) {
  disk.Fill();
  StoreOptions options;
  options.path = path;
  const auto opened = Store::Open(options, clock);
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, ErrorCode::NoSpace) << opened.error().message;
  disk.Free();
  EXPECT_NE(OpenStore(path, clock), nullptr);
}

TEST(ForeignLock, AWriterThatNeverLetsGoIsWaitedForOnceAndNamed) {
  TempDirectory directory;
  const std::string path = directory.File("cmdsrv.0.3.db");
  ManualClock clock;
  auto store = OpenStore(path, clock);
  ASSERT_NE(store, nullptr);
  const Group group = MakeGroup(*store, 1);
  ASSERT_TRUE(Insert(*store, group));
  Foreign foreign(path);
  // All three wait for the writer, so that they are one batch.
  std::promise<void> go;
  std::promise<void> held;
  store->Update({}, Store::Durability::Kept, [&](const Result<void>&) {
    held.set_value();
    go.get_future().wait();
  });
  held.get_future().wait();
  foreign.Run("begin immediate");
  std::promise<Result<void>> answers[3];
  for (auto& answer : answers) {
    store->Update({JobUpdate{group.jobs[0].id, "FAILED", {}, {}, {}, clock.wall}}, Store::Durability::Kept,
                  [&answer](Result<void> result) { answer.set_value(std::move(result)); });
  }
  const auto begin = std::chrono::steady_clock::now();
  go.set_value();
  for (auto& answer : answers) {
    const auto done = answer.get_future().get();
    ASSERT_FALSE(done.has_value());
    EXPECT_EQ(done.error().code, ErrorCode::Busy);
    EXPECT_THAT(done.error().message, HasSubstr("locked"));
  }
  const auto waited = std::chrono::steady_clock::now() - begin;
  EXPECT_GE(waited, std::chrono::milliseconds(4500));
  EXPECT_LT(waited, std::chrono::milliseconds(9500)) << "not once for each";
  EXPECT_EQ(store->Find(group.jobs[0].id)->status, "SCHEDULED") << "readers do not wait";
  foreign.Run("rollback");
  EXPECT_TRUE(Insert(*store, MakeGroup(*store, 1)));
}

}  // namespace
}  // namespace cmdsrv
