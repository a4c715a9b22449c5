#include "platform/shim_process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "platform/files.hpp"
#include "platform/job_output.hpp"
#include "platform/spawn.hpp"

namespace cmdsrv {
namespace {

/// A file that was not there before, whatever was there.
Result<UniqueFd> MakeNewFile(const std::string& path, std::string_view what) {
  if (auto removed = RemoveFile(path); !removed) return Failure(removed.error());
  UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) return FailFromErrno(errno, fmt::format("make the {} {}", what, path));
  return file;
}

/// The file of earlier tries, or a new one where it had to make room.
Result<UniqueFd> OpenOutput(const ShimStart& start, std::uint64_t& total) {
  total = start.output_kept;
  if (total > 0) {
    UniqueFd file(::open(start.output_path.c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    struct stat facts {};
    if (file && ::fstat(file.Get(), &facts) == 0 && S_ISREG(facts.st_mode)) return file;
  }
  total = 0;
  return MakeNewFile(start.output_path, "output file");
}

/// The whole page on the disk's account, so that a full disk cannot keep the end from being recorded.
Result<void> FillRecordFile(int file, const ShimStart& start, std::uint64_t output_total) {
  char page[kRunRecordFileSize] = {};
  RunRecord record{};
  std::memcpy(record.magic, kRunMagic, sizeof kRunMagic);
  record.job_id = start.job.value;
  record.attempt = start.attempt;
  record.output_total = output_total;
  std::memcpy(page, &record, sizeof record);
  const int error_number = ::posix_fallocate(file, 0, sizeof page);
  const bool reserved = error_number == 0 || error_number == EOPNOTSUPP || error_number == EINVAL;
  if (!reserved) return FailFromErrno(error_number, "make the record file " + start.record_path);
  const ssize_t written = ::pwrite(file, page, sizeof page, 0);
  if (written != static_cast<ssize_t>(sizeof page)) {
    return FailFromErrno(written < 0 ? errno : ENOSPC, "make the record file " + start.record_path);
  }
  return {};
}

std::vector<std::string> ShimArguments(const std::string& shim_program, const ShimStart& start) {
  std::vector<std::string> argv{
      shim_program, "--job",        std::to_string(start.job.value), "--attempt", std::to_string(start.attempt),
      "--cwd",      start.directory};
  if (start.low_priority) argv.emplace_back("--low");
  if (start.cancel_grace != ShimStart{}.cancel_grace) {
    argv.emplace_back("--cancel-grace");
    argv.push_back(std::to_string(start.cancel_grace.count()));
  }
  argv.emplace_back("--");
  argv.insert(argv.end(), start.argv.begin(), start.argv.end());
  return argv;
}

/// A socket pair and not a pipe: writing to it after the shim's end is an error here and not a SIGPIPE.
struct Line {
  UniqueFd daemon;
  UniqueFd shim;
};

Result<Line> MakeLine() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return FailFromErrno(errno, "make a socket pair");
  return Line{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

struct Files {
  UniqueFd record;
  UniqueFd output;
};

Result<Files> MakeFiles(const ShimStart& start) {
  auto record = MakeNewFile(start.record_path, "record file");
  if (!record) return Failure(record.error());
  std::uint64_t total = 0;
  auto output = OpenOutput(start, total);
  if (!output) return Failure(output.error());
  if (total > 0 && !start.first_line.empty()) total = AppendLine(output->Get(), total, start.first_line);
  if (auto filled = FillRecordFile(record->Get(), start, total); !filled) return Failure(filled.error());
  return Files{std::move(*record), std::move(*output)};
}

Result<SpawnedProcess> SpawnShim(const std::string& shim_program, const ShimStart& start, const Files& files,
                                 int line) {
  const auto nothing = OpenNothing();
  if (!nothing) return Failure(nothing.error());
  const auto argv = ShimArguments(shim_program, start);
  const std::string root = "/";  // no run keeps a stick from being unmounted by the shim alone
  return Spawn(
      {.argv = argv,
       .environment = start.environment,
       .directory = root,
       // src/shim/main.cpp has the same numbers: 3 record, 4 output, 5 line.
       .descriptors = {nothing->Get(), nothing->Get(), nothing->Get(), files.record.Get(), files.output.Get(), line},
       .new_session = true,
       .hold_signals = true});
}

}  // namespace

Result<ShimProcess> StartShim(const std::string& shim_program, const ShimStart& start) {
  if (start.argv.empty() || start.job.value <= 0 || start.attempt == 0 || start.cancel_grace.count() < 0) {
    return Fail(ErrorCode::Internal, "cannot start job {}: its start has no program, id, attempt or grace", start.job);
  }
  const auto undo = [&](const Error& error) {
    ::unlink(start.record_path.c_str());
    if (start.output_kept == 0) ::unlink(start.output_path.c_str());
    return Failure(error);
  };
  auto files = MakeFiles(start);
  if (!files) return undo(files.error());
  auto line = MakeLine();
  if (!line) return undo(line.error());
  auto spawned = SpawnShim(shim_program, start, *files, line->shim.Get());
  if (!spawned) return undo(spawned.error());
  ShimProcess shim;
  shim.child = true;
  shim.pidfd = std::move(spawned->pidfd);
  shim.line_ = std::move(line->daemon);
  if (auto identity = Identify(spawned->pid)) {
    shim.identity = *std::move(identity);
    return shim;
  }
  shim.Kill();  // no /proc, then: nobody could ever find it again
  ::waitpid(spawned->pid, nullptr, 0);
  return undo({ErrorCode::Io, fmt::format("cannot identify process {}: /proc cannot be read", spawned->pid)});
}

Result<ShimProcess> AdoptShim(const ProcessIdentity& identity) {
  auto pidfd = OpenProcess(identity);
  if (!pidfd) return Failure(pidfd.error());
  ShimProcess shim;
  shim.identity = identity;
  shim.pidfd = std::move(*pidfd);
  return shim;
}

Result<void> ShimProcess::Go() {
  if (!line_ || told_) return {};
  told_ = true;
  if (::send(line_.Get(), "g", 1, MSG_NOSIGNAL) == 1) return {};
  const int error_number = errno;  // before the text is made
  return FailFromErrno(error_number, fmt::format("let the step begin (shim {})", identity.pid));
}

void ShimProcess::Cancel() const { SignalPidfd(pidfd.Get(), SIGTERM); }

void ShimProcess::Kill() const { SignalPidfd(pidfd.Get(), SIGKILL); }

void ShimProcess::Reap() const {
  siginfo_t info{};
  // For one that is not our child the kernel says ECHILD, and that is all right.
  ::waitid(P_PIDFD, static_cast<id_t>(pidfd.Get()), &info, WEXITED | WNOHANG);
}

Result<RunRecord> ReadRunRecord(const std::string& path) {
  const auto bytes = ReadFile(path, kRunRecordFileSize);
  if (!bytes && bytes.error().code == ErrorCode::NotFound) return Failure(bytes.error());
  if (!bytes) return Fail(ErrorCode::Corrupt, "{} is no run record: {}", path, bytes.error().message);
  RunRecord record{};
  if (bytes->size() != kRunRecordFileSize) {
    return Fail(ErrorCode::Corrupt, "{} is no run record: it has {} bytes", path, bytes->size());
  }
  std::memcpy(&record, bytes->data(), sizeof record);
  if (std::memcmp(record.magic, kRunMagic, sizeof kRunMagic) != 0) {
    return Fail(ErrorCode::Corrupt, "{} is no run record: it begins otherwise", path);
  }
  return record;
}

std::string DescribeStartFailure(const RunRecord& record, const std::string& program) {
  const auto stage = [&]() -> std::string_view {
    switch (record.stage) {
      case StartStage::None: break;
      case StartStage::Output: return "output";
      case StartStage::Session: return "session";
      case StartStage::Priority: return "priority";
      case StartStage::Directory: return "directory";
      case StartStage::Fork: return "fork";
      case StartStage::Exec: return "exec";
    }
    return "unknown stage";
  }();
  return fmt::format("cannot start {}: {}: {}", program, stage, Reason(record.error_number));
}

std::string DescribeExit(const RunRecord& record) {
  if (record.exit_kind == RunExit::Signal) return DescribeSignal(record.exit_value);
  return fmt::format("exit status {}", record.exit_value);
}

}  // namespace cmdsrv
