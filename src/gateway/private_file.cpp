#include "gateway/private_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

namespace cmdsrv::gateway {
namespace {

constexpr std::size_t kMost = 64U << 10U;

/// A descriptor that is closed at the end.
class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  int Get() const { return fd_; }

 private:
  int fd_;
};

std::string DirectoryOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Result<void> WriteAll(int fd, const std::string& path, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return FailFromErrno(errno, "write " + path);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(fd) != 0) return FailFromErrno(errno, "write " + path);
  return {};
}

}  // namespace

Result<Secret> ReadPrivateFile(const std::string& path) {
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (file.Get() < 0 && errno == ENOENT) return Fail(ErrorCode::NotFound, "{} does not exist", path);
  if (file.Get() < 0 && errno == ELOOP) return Fail(ErrorCode::Refused, "{} is a symbolic link", path);
  if (file.Get() < 0) return FailFromErrno(errno, "open " + path);
  struct stat facts {};
  if (::fstat(file.Get(), &facts) != 0) return FailFromErrno(errno, "look at " + path);
  if (!S_ISREG(facts.st_mode)) return Fail(ErrorCode::Refused, "{} is no regular file", path);
  if (facts.st_uid != ::geteuid()) return Fail(ErrorCode::Refused, "{} belongs to somebody else", path);
  if ((facts.st_mode & 077U) != 0) return Fail(ErrorCode::Refused, "{} may be read by others", path);
  std::string text(kMost, '\0');
  const ssize_t length = ::read(file.Get(), text.data(), text.size());
  if (length < 0) return FailFromErrno(errno, "read " + path);
  text.resize(static_cast<std::size_t>(length));
  return Secret(std::move(text));
}

Result<void> ReplaceFile(const std::string& path, std::string_view text, mode_t mode) {
  const std::string temporary = path + ".new";
  ::unlink(temporary.c_str());  // of a power cut; there is one writer only
  const File file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
  if (file.Get() < 0) return FailFromErrno(errno, "write " + path);
  // Whatever the umask says: an upload is for everybody to see, a key for nobody.
  if (::fchmod(file.Get(), mode) != 0) return FailFromErrno(errno, "write " + path);
  auto done = WriteAll(file.Get(), path, text);
  if (done && ::rename(temporary.c_str(), path.c_str()) != 0) done = FailFromErrno(errno, "write " + path);
  if (!done) {
    ::unlink(temporary.c_str());
    return done;
  }
  const File parent(::open(DirectoryOf(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (parent.Get() < 0 || ::fsync(parent.Get()) != 0) return FailFromErrno(errno, "write " + path);
  return {};
}

Result<void> WritePrivateFile(const std::string& path, std::string_view text) {
  const std::string directory = DirectoryOf(path);
  std::error_code failed;
  std::filesystem::create_directories(DirectoryOf(directory), failed);  // a fresh box; what fails shows at once
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) return FailFromErrno(errno, "make " + directory);
  return ReplaceFile(path, text, 0600);
}

}  // namespace cmdsrv::gateway
