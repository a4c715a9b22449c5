#include "steps/zip.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/text.hpp"
#include "platform/unique_fd.hpp"
#include "steps/module_loader.hpp"
#include "steps/proof.hpp"
#include "steps/zip_module.hpp"

namespace cmdsrv::zip_tools {
namespace {

constexpr std::string_view kModule = "iiab-cmdsrv-zip.so";
constexpr std::string_view kFirstBytes("PK\x03\x04", 4);
constexpr std::string_view kEndMark("PK\x05\x06", 4);
constexpr std::string_view kEnd64Mark("PK\x06\x06", 4);
constexpr std::string_view kWebPage = "it is a web page and no zip archive";
constexpr std::size_t kEndBytes = 22;      ///< of the last record, without the comment behind it
constexpr std::size_t kLocatorBytes = 20;  ///< of what stands before it in large archives
constexpr std::size_t kLongestComment = 65'535;

Result<std::string> ReadAt(int file, std::uint64_t position, std::size_t size) {
  std::string bytes(size, '\0');
  std::size_t used = 0;
  while (used < size) {
    const ssize_t got = ::pread(file, bytes.data() + used, size - used, static_cast<off_t>(position + used));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FailFromErrno(errno, "read the archive");
    if (got == 0) break;
    used += static_cast<std::size_t>(got);
  }
  bytes.resize(used);
  return bytes;
}

std::uint64_t Number(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint64_t number = 0;
  for (std::size_t i = size; i-- > 0;) {
    number = number << 8U | (at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0U);
  }
  return number;
}

Result<void> CheckBeginning(int file) {
  const auto head = ReadAt(file, 0, 512);
  if (!head) return Failure(head.error());
  if (head->starts_with(kFirstBytes)) return {};
  if (LooksLikeAWebPage(*head)) return Fail(ErrorCode::Corrupt, "{}", kWebPage);
  return Fail(ErrorCode::Corrupt, "it is no zip archive");
}

/// The size of the table of contents, from the record at the archive's end.
Result<std::uint64_t> TableBytes(int file, std::uint64_t file_bytes) {
  const std::size_t length = static_cast<std::size_t>(std::min<std::uint64_t>(file_bytes, kEndBytes + kLongestComment));
  const auto tail = ReadAt(file, file_bytes - length, length);
  if (!tail) return Failure(tail.error());
  const auto at = tail->rfind(kEndMark);
  if (at == std::string::npos || at + kEndBytes > tail->size())
    return Fail(ErrorCode::Corrupt, "it is cut off: the end of the archive is missing");
  const std::uint64_t bytes = Number(*tail, at + 12, 4);
  if (bytes != 0xFFFFFFFF) return bytes;
  const std::uint64_t record_at = at >= kLocatorBytes ? Number(*tail, at - kLocatorBytes + 8, 8) : file_bytes;
  const auto record = record_at < file_bytes ? ReadAt(file, record_at, 56) : std::string();
  if (!record) return Failure(record.error());
  if (!record->starts_with(kEnd64Mark)) return Fail(ErrorCode::Corrupt, "the end of the archive is damaged");
  return Number(*record, 40, 8);
}

Result<void> CheckEnd(int file, std::uint64_t limit) {
  struct stat facts {};
  if (::fstat(file, &facts) != 0) return FailFromErrno(errno, "look at the archive");
  const auto bytes = TableBytes(file, static_cast<std::uint64_t>(facts.st_size));
  if (!bytes) return Failure(bytes.error());
  if (*bytes > limit) return Fail(ErrorCode::Corrupt, "its table of contents is larger than {} MiB", limit >> 20U);
  return {};
}

/// What the C functions need: the visitor and the Error of the function that stopped.
struct Visit {
  const ZipVisitor& visitor;
  Error stopped{ErrorCode::Internal, {}};

  int Stop(Error error) {
    stopped = std::move(error);
    return -1;
  }
};

int OnEntry(void* user, const CmdsrvZipEntry* facts) {
  auto& visit = *static_cast<Visit*>(user);
  ZipEntry entry;
  switch (facts->kind) {
    case kCmdsrvZipFile: entry.kind = ZipEntry::Kind::File; break;
    case kCmdsrvZipDirectory: entry.kind = ZipEntry::Kind::Directory; break;
    case kCmdsrvZipLink: entry.kind = ZipEntry::Kind::Link; break;
    case kCmdsrvZipOther: entry.kind = ZipEntry::Kind::Other; break;
  }
  if (facts->path != nullptr) entry.path = facts->path;
  entry.bytes = facts->bytes;
  entry.doubtful = facts->doubtful != 0;
  auto take = visit.visitor.entry(entry);
  if (!take) return visit.Stop(std::move(take.error()));
  return *take == Take::Data ? 1 : 0;
}

int OnData(void* user, const char* bytes, size_t size) {
  auto& visit = *static_cast<Visit*>(user);
  auto taken = size > 0 ? visit.visitor.data({bytes, size}) : visit.visitor.end ? visit.visitor.end() : Result<void>{};
  return taken ? 0 : visit.Stop(std::move(taken.error()));
}

}  // namespace

bool IsWebPage(const Error& error) { return error.message == kWebPage; }

Result<void> ReadZip(const std::string& path, const ZipVisitor& visitor) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file) return FailFromErrno(errno, "open " + path);
  if (auto sound = CheckBeginning(file.Get()).and_then([&] { return CheckEnd(file.Get(), visitor.table_limit); });
      !sound)
    return sound;
  const auto read = LoadFunction<CmdsrvZipRead>(kModule, "cmdsrv_zip_read");
  if (!read) return Failure(read.error());
  Visit visit{visitor};
  char why[256] = "";
  switch ((*read)(file.Get(), OnEntry, OnData, &visit, why, sizeof why)) {
    case kCmdsrvZipDone: return {};
    case kCmdsrvZipStopped: return Failure(std::move(visit.stopped));
    case kCmdsrvZipDamaged: break;
  }
  return Fail(ErrorCode::Corrupt, "it is damaged: {}", ToUtf8(why));
}

}  // namespace cmdsrv::zip_tools
