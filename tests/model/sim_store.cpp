#include "model/sim_store.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>

#include "model/violation.hpp"
#include "platform/unique_fd.hpp"

namespace cmdsrv::model {
namespace {

constexpr std::uint64_t kFrameBytes = 24 + 4096;

std::uint64_t SizeOf(const std::string& path) {
  struct stat facts {};
  return ::stat(path.c_str(), &facts) == 0 ? static_cast<std::uint64_t>(facts.st_size) : 0;
}

/// The first `bytes` of a file; all of it when there are fewer.
void Copy(const std::string& from, const std::string& to, std::uint64_t bytes) {
  const UniqueFd in(::open(from.c_str(), O_RDONLY | O_CLOEXEC));
  const UniqueFd out(::open(to.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!in) return;  // there is no log yet
  std::uint64_t left = std::min(bytes, SizeOf(from));
  while (left > 0) {
    const ssize_t copied = ::copy_file_range(in.Get(), nullptr, out.Get(), nullptr, left, 0);
    Check(copied > 0, "cannot copy {} to {}", from, to);
    left -= static_cast<std::uint64_t>(copied);
  }
}

/// An empty database, made once: its tables cost more than the rest of a short history.
const std::string& Template(const std::string& directory, const Clock& clock) {
  static const std::string path = [&] {
    const std::string made = directory + "/template.db";
    auto opened = Store::Open({.path = made}, clock);
    Check(opened.has_value(), "cannot make a database: {}", opened ? "" : opened.error().message);
    opened->store->Close();
    std::ifstream in(made, std::ios::binary);
    return std::string((std::istreambuf_iterator<char>(in)), {});
  }();
  return path;
}

}  // namespace

SimStore::SimStore(std::string directory, const Clock& clock, Ledger& ledger)
    : directory_(std::move(directory)), clock_(clock), ledger_(ledger) {
  const std::string& bytes = Template(directory_, clock_);
  std::ofstream(Path(), std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

SimStore::~SimStore() {
  real_.reset();
  std::error_code ignored;
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(Path() + suffix, ignored);
}

void SimStore::Open() {
  // Commands would be deleted some time after the answer to Prune; there is nothing random about that here.
  auto opened = Store::Open({.path = Path(), .keep_commands_days = 0}, clock_);
  Check(opened.has_value(), "the database cannot be opened: {}", opened ? "" : opened.error().message);
  Check(opened->set_aside.empty(), "the database was set aside as {}", opened->set_aside);
  real_ = std::move(opened->store);
  const auto rows = real_->List(EveryJob());
  Check(rows.has_value(), "the jobs cannot be read: {}", rows ? "" : rows.error().message);
  ledger_.Compare(*rows);
}

void SimStore::CopyFiles(std::uint64_t log_bytes) {
  const std::string old = Path();
  ++generation_;
  Copy(old, Path(), ~std::uint64_t{0});
  Copy(old + "-wal", Path() + "-wal", log_bytes);
  writes_.clear();
  answers_.clear();
  real_.reset();
  std::error_code ignored;
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(old + suffix, ignored);
}

void SimStore::Kill() {
  if (real_) CopyFiles(~std::uint64_t{0});
}

void SimStore::CutPower(Random& random) {
  if (real_) {
    // A frame that is not whole is none; whether a piece of it is there makes no difference, and must not.
    CopyFiles(synced_bytes_ + random.Below(2) * random.Below(kFrameBytes));
  } else if (SizeOf(Path() + "-wal") > synced_bytes_) {
    std::filesystem::resize_file(Path() + "-wal", synced_bytes_);
  }
  ledger_.PowerCut();
}

void SimStore::CloseCleanly() {
  while (HasWrite()) WriteNext(alive_());
  answers_.clear();
  real_.reset();
  synced_bytes_ = 0;  // all of it is in the database file now
  ledger_.Synced();
}

void SimStore::NoteSync() { synced_bytes_ = SizeOf(Path() + "-wal"); }

void SimStore::CountWrite(bool after) {
  if (!after) ++count_;
  if (crash_at_ != std::pair(count_, after)) return;
  crash_at_ = {};
  throw Crash{};
}

Result<void> SimStore::WriteReally(const Write& write) {
  if (full_) return Fail(ErrorCode::NoSpace, "cannot write: database or disk is full");
  std::promise<Result<void>> answer;
  real_->Update(write.updates, write.durability, [&](Result<void> result) { answer.set_value(std::move(result)); });
  return answer.get_future().get();
}

void SimStore::WriteNext(const std::set<JobId>& alive) {
  CountWrite(false);
  Write write = std::move(writes_.front());
  writes_.pop_front();
  auto result = WriteReally(write);
  Check(full_ || result.has_value(), "a write fails: {}", result ? "" : result.error().message);
  if (result) {
    if (write.durability == Durability::Synced) NoteSync();
    ledger_.Written(write.updates, write.durability, alive);
  }
  CountWrite(true);
  answers_.emplace_back(std::move(write.done), std::move(result));
}

void SimStore::AnswerNext() {
  auto [done, result] = std::move(answers_.front());
  answers_.pop_front();
  done(std::move(result));
}

Result<void> SimStore::InsertGroup(CommandRow command, std::vector<JobRow> jobs) {
  while (HasWrite()) WriteNext(alive_());
  const AtInsert fault = std::exchange(at_insert_, AtInsert::Work);
  if (fault == AtInsert::CrashBefore) throw Crash{};
  CountWrite(false);
  if (full_ || fault == AtInsert::Refuse) return Fail(ErrorCode::NoSpace, "cannot write: database or disk is full");
  auto result = real_->InsertGroup(command, jobs);
  Check(result.has_value(), "a Command cannot be written: {}", result ? "" : result.error().message);
  NoteSync();
  ledger_.Inserted(command, jobs);
  CountWrite(true);
  if (fault == AtInsert::CrashAfter) throw Crash{};
  return result;
}

void SimStore::Update(std::vector<JobUpdate> updates, Durability durability, Done done) {
  writes_.push_back({std::move(updates), durability, std::move(done)});
}

void SimStore::Prune(Pruned done) {
  if (full_) return done(Fail(ErrorCode::NoSpace, "cannot write: database or disk is full"));
  std::promise<Result<PrunedRows>> answer;
  real_->Prune([&](auto result) { answer.set_value(std::move(result)); });
  auto pruned = answer.get_future().get();
  if (pruned) ledger_.Pruned(pruned->jobs);
  done(std::move(pruned));
}

}  // namespace cmdsrv::model
