#include "store/store.hpp"

#include <future>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <utility>

#include "store/open_database.hpp"
#include "store/store_reader.hpp"
#include "store/store_writer.hpp"

namespace cmdsrv {
namespace {

Error Closed() { return Error{ErrorCode::Unavailable, "the database of Commands and jobs is closed"}; }

class SqliteStore final : public Store {
 public:
  SqliteStore(const Clock& clock, const HighestIds& ids) : clock_(clock) {
    ids_.command = ids.command;
    ids_.job = ids.job;
  }
  ~SqliteStore() override { Close(); }

  Result<void> Start(OpenedDatabase opened, const StoreOptions& options) {
    auto writer = StoreWriter::Start(std::move(opened.database), options, ids_, clock_);
    if (!writer) return Failure(std::move(writer).error());
    writer_ = std::move(*writer);
    auto reader = StoreReader::Open(opened.path, opened.locking);
    if (!reader) return Failure(std::move(reader).error());
    reader_ = std::move(*reader);
    return {};
  }

  CommandId NextCommandId() override { return CommandId{++ids_.command}; }

  std::vector<JobId> NextJobIds(std::size_t count) override {
    const auto wanted = static_cast<std::int64_t>(count);
    std::int64_t last = ids_.job.fetch_add(wanted);
    std::vector<JobId> ids(count);
    for (JobId& id : ids) id.value = ++last;
    return ids;
  }

  void PassOverJobIds(JobId up_to) override {
    std::int64_t last = ids_.job;
    while (last < up_to.value && !ids_.job.compare_exchange_weak(last, up_to.value)) {
    }
  }

  void LogCommand(CommandRow row) override { writer_->Queue().PushLog(std::move(row)); }

  Result<void> InsertGroup(CommandRow command, std::vector<JobRow> jobs) override {
    // Shared with the writer's thread, which may still be inside set_value when get returns.
    auto answer = std::make_shared<std::promise<Result<void>>>();
    WriteOperation operation{GroupWrite{std::move(command), std::move(jobs)}, true,
                             [answer](Result<void> result) { answer->set_value(std::move(result)); }};
    if (!writer_->Queue().Push(operation)) return Failure(Closed());
    return answer->get_future().get();
  }

  void Update(std::vector<JobUpdate> updates, Durability durability, Done done) override {
    WriteOperation operation{UpdateWrite{std::move(updates)}, durability == Durability::Synced, std::move(done)};
    // After Close there is no writer's thread to call it in.
    if (!writer_->Queue().Push(operation) && operation.done) operation.done(Failure(Closed()));
  }

  Result<std::vector<JobRow>> Unfinished() override {
    return Read([](StoreReader& reader) { return reader.Unfinished(); });
  }

  Result<std::vector<JobRow>> List(const ListQuery& query) override {
    return Read([&](StoreReader& reader) { return reader.List(query); });
  }

  Result<JobRow> Find(JobId id) override {
    auto rows = Read([&](StoreReader& reader) { return reader.Find(id); });
    if (!rows) return Failure(std::move(rows).error());
    if (rows->empty()) return Fail(ErrorCode::NotFound, "cannot find job {}", id);
    return std::move(rows->front());
  }

  Result<std::vector<JobRow>> Group(CommandId id) override {
    auto rows = Read([&](StoreReader& reader) { return reader.Group(id); });
    if (rows && rows->empty()) return Fail(ErrorCode::NotFound, "cannot find a job of Command {}", id);
    return rows;
  }

  void Prune(Pruned done) override {
    WriteOperation operation{PruneRequest{std::move(done)}};
    if (!writer_->Queue().Push(operation)) std::get<PruneRequest>(operation.what).done(Failure(Closed()));
  }

  void Close() override {
    {
      // Waits for queries that run. The writer's connection is the last to go: it empties the -wal file then.
      const std::unique_lock lock(reader_mutex_);
      reader_.reset();
    }
    const std::lock_guard lock(close_mutex_);
    if (writer_) writer_->Close();
  }

 private:
  template <class Query>
  Result<std::vector<JobRow>> Read(Query query) {
    const std::shared_lock lock(reader_mutex_);
    if (!reader_) return Failure(Closed());
    auto rows = query(*reader_);
    if (!rows && rows.error().code == ErrorCode::Corrupt) writer_->Suspect();
    return rows;
  }

  const Clock& clock_;
  IdCounters ids_;
  std::mutex close_mutex_;
  std::unique_ptr<StoreWriter> writer_;  ///< set before anybody else sees this object, alive as long as it
  std::shared_mutex reader_mutex_;       ///< exclusive: to replace reader_
  std::unique_ptr<StoreReader> reader_;
};

}  // namespace

Result<StoreOpened> Store::Open(const StoreOptions& options, const Clock& clock) {
  auto opened = OpenDatabase(options.path, clock);
  if (!opened) return Failure(std::move(opened).error());
  std::string set_aside = std::move(opened->set_aside);
  auto store = std::make_unique<SqliteStore>(clock, opened->ids);
  if (auto started = store->Start(std::move(*opened), options); !started) return Failure(std::move(started).error());
  return StoreOpened{std::move(store), std::move(set_aside)};
}

}  // namespace cmdsrv
