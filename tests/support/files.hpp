#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

/// Plain file helpers of the test support. Not those of the product, so that a mistake there cannot hide itself.
namespace cmdsrv::test {

/// Whole file; NotFound when it is missing.
Result<std::string> ReadText(const std::string& path);

/// Temporary file beside it, then rename. Makes missing parents. Not synced: a box is thrown away.
Result<void> WriteText(const std::string& path, std::string_view text, unsigned mode = 0644);

/// As WriteText, but a file that is there already stays as it is.
Result<void> WriteTextIfMissing(const std::string& path, std::string_view text, unsigned mode = 0644);

Result<void> MakeDirs(const std::string& path);

bool Exists(const std::string& path);

/// Bytes of a regular file; 0 when it is missing.
std::uint64_t SizeOf(const std::string& path);

/// Names in a directory, sorted; empty when it is missing.
std::vector<std::string> NamesIn(const std::string& directory);

/// Lower-case hexadecimal SHA-256.
std::string Sha256(std::string_view bytes);

/// For test code, where a failed preparation ends the test: the value, or an exception with the message.
template <class T>
T OrThrow(Result<T> result);
void OrThrow(Result<void> result);

[[noreturn]] void ThrowError(const Error& error);

template <class T>
T OrThrow(Result<T> result) {
  if (!result) ThrowError(result.error());
  return std::move(*result);
}

}  // namespace cmdsrv::test
