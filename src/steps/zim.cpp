#include "steps/zim.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "base/text.hpp"
#include "platform/unique_fd.hpp"
#include "steps/module_loader.hpp"
#include "steps/proof.hpp"
#include "steps/zim_module.hpp"

namespace cmdsrv::zim_tools {
namespace {

constexpr std::string_view kModule = "iiab-cmdsrv-zim.so";
constexpr std::string_view kMagic("ZIM\x04", 4);
constexpr std::size_t kHeaderBytes = 80;
constexpr std::size_t kUuidAt = 8;
constexpr std::size_t kChecksumPositionAt = 72;

std::uint64_t LittleEndian(std::string_view bytes) {
  std::uint64_t number = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) number = number << 8U | static_cast<unsigned char>(bytes[i]);
  return number;
}

/// Less than `size` bytes where the file ends.
Result<std::string> ReadAt(int file, std::uint64_t at, std::size_t size, const std::string& path) {
  std::string bytes(size, '\0');
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got = ::pread(file, bytes.data() + done, size - done, static_cast<off_t>(at + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FailFromErrno(errno, "read " + path);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  bytes.resize(done);
  return bytes;
}

std::vector<const char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<const char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (const std::string& text : texts) pointers.push_back(text.c_str());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

Result<ZimHeader> ReadZimHeader(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) {
    if (errno == ENOENT) return Fail(ErrorCode::NotFound, "cannot open {}: {}", path, Reason(errno));
    return FailFromErrno(errno, "open " + path);
  }
  struct stat facts {};
  if (::fstat(file.Get(), &facts) != 0) return FailFromErrno(errno, "look at " + path);
  if (!S_ISREG(facts.st_mode)) return Fail(ErrorCode::Corrupt, "{} is no regular file", path);
  const auto head = ReadAt(file.Get(), 0, kHeaderBytes, path);
  if (!head) return Failure(head.error());
  const std::string_view bytes = *head;
  if (!bytes.starts_with(kMagic)) {
    if (LooksLikeAWebPage(bytes)) return Fail(ErrorCode::Corrupt, "{} is a web page and no ZIM", path);
    return Fail(ErrorCode::Corrupt, "{} is no ZIM", path);
  }
  if (bytes.size() < kHeaderBytes) return Fail(ErrorCode::Corrupt, "{} is cut off within its first bytes", path);
  return ZimHeader{UuidText(bytes.substr(kUuidAt, 16)), static_cast<std::uint64_t>(facts.st_size),
                   LittleEndian(bytes.substr(kChecksumPositionAt, 8)) + kZimChecksumBytes};
}

Result<std::string> ReadZimChecksum(const std::string& path, const ZimHeader& header) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return FailFromErrno(errno, "open " + path);
  return ReadAt(file.Get(), header.ChecksumAt(), kZimChecksumBytes, path).map(ToHex);
}

Result<void> CheckZim(const std::string& path, Depth depth) {
  const auto check = LoadFunction<CmdsrvZimCheck>(kModule, "cmdsrv_zim_check");
  if (!check) return Failure(check.error());
  char why[256] = "";
  if ((*check)(path.c_str(), depth == Depth::WholeFile ? 1 : 0, why, sizeof why) != 1)
    return Fail(ErrorCode::Corrupt, "{} is no sound ZIM: {}", path, ToUtf8(why));
  return {};
}

Result<std::vector<std::string>> WriteLibrary(const LibraryChange& change) {
  const auto write = LoadFunction<CmdsrvLibraryWrite>(kModule, "cmdsrv_library_write");
  if (!write) return Failure(write.error());
  std::vector<std::string> refused;
  const auto removed = Pointers(change.removed_ids);
  const auto added = Pointers(change.added_paths);
  const CmdsrvLibraryChange request{
      .library = change.library.empty() ? nullptr : change.library.c_str(),
      .written = change.written.c_str(),
      .removed = removed.data(),
      .added = added.data(),
      .refused =
          [](void* user, const char* path, const char* reason) {
            static_cast<std::vector<std::string>*>(user)->push_back(fmt::format("{}: {}", path, ToUtf8(reason)));
          },
      .user = &refused};
  char why[256] = "";
  if ((*write)(&request, why, sizeof why) != 1)
    return Fail(ErrorCode::Io, "cannot write {}: {}", change.written, ToUtf8(why));
  return refused;
}

}  // namespace cmdsrv::zim_tools
