#include "support/files.hpp"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace cmdsrv::test {
namespace fs = std::filesystem;

Result<std::string> ReadText(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in)
    return Fail(errno == ENOENT ? ErrorCode::NotFound : ErrorCode::Io, "cannot open {}: {}", path, Reason(errno));
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

Result<void> WriteText(const std::string& path, std::string_view text, unsigned mode) {
  static std::atomic<unsigned> counter{0};
  if (auto made = MakeDirs(fs::path(path).parent_path()); !made) return made;
  const std::string temporary = fmt::format("{}.tmp{}.{}", path, ::getpid(), counter++);
  std::ofstream out(temporary, std::ios::binary);
  out.write(text.data(), static_cast<std::streamsize>(text.size()));
  out.close();
  if (!out) return FailFromErrno(errno, "write " + temporary);
  if (::chmod(temporary.c_str(), mode) != 0) return FailFromErrno(errno, "set the mode of " + temporary);
  if (::rename(temporary.c_str(), path.c_str()) != 0) return FailFromErrno(errno, "rename " + temporary);
  return {};
}

Result<void> WriteTextIfMissing(const std::string& path, std::string_view text, unsigned mode) {
  if (Exists(path)) return {};
  return WriteText(path, text, mode);
}

Result<void> MakeDirs(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return Fail(ErrorCode::Io, "cannot make the directory {}: {}", path, Reason(error.value()));
  return {};
}

bool Exists(const std::string& path) {
  std::error_code error;
  return fs::exists(fs::symlink_status(path, error));
}

std::uint64_t SizeOf(const std::string& path) {
  std::error_code error;
  const auto bytes = fs::file_size(path, error);
  return error ? 0 : bytes;
}

std::vector<std::string> NamesIn(const std::string& directory) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error)) names.push_back(entry.path().filename());
  std::ranges::sort(names);
  return names;
}

std::string Sha256(std::string_view bytes) {
  unsigned char digest[crypto_hash_sha256_BYTES];
  crypto_hash_sha256(digest, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  std::string text;
  for (const unsigned char byte : digest) text += fmt::format("{:02x}", byte);
  return text;
}

void OrThrow(Result<void> result) {
  if (!result) ThrowError(result.error());
}

void ThrowError(const Error& error) { throw std::runtime_error(error.message); }

}  // namespace cmdsrv::test
