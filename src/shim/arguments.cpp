#include "shim/arguments.hpp"

#include <cstring>

namespace cmdsrv::shim {
namespace {

constexpr std::int64_t kLargest = std::int64_t{1} << 53;

bool ParseNumber(const char* text, std::int64_t largest, std::int64_t& number) {
  if (text == nullptr || *text == '\0') return false;
  std::int64_t value = 0;
  for (; *text != '\0'; ++text) {
    if (*text < '0' || *text > '9') return false;
    value = value * 10 + (*text - '0');
    if (value > largest) return false;
  }
  number = value;
  return true;
}

}  // namespace

bool ParseArguments(int count, char** values, Arguments& arguments) {
  std::int64_t attempt = 0;
  for (int i = 1; i < count; ++i) {
    const char* name = values[i];
    if (std::strcmp(name, "--") == 0) {
      arguments.step = values + i + 1;
      break;
    }
    if (std::strcmp(name, "--low") == 0) {
      arguments.low_priority = true;
      continue;
    }
    const char* value = values[++i];  // the vector ends in a null pointer, so this is at most that
    if (value == nullptr) return false;
    if (std::strcmp(name, "--cwd") == 0) {
      arguments.directory = value;
    } else if (std::strcmp(name, "--job") == 0) {
      if (!ParseNumber(value, kLargest, arguments.job)) return false;
    } else if (std::strcmp(name, "--attempt") == 0) {
      if (!ParseNumber(value, UINT32_MAX, attempt)) return false;
    } else if (std::strcmp(name, "--cancel-grace") == 0) {
      if (!ParseNumber(value, INT32_MAX, arguments.cancel_grace_ms)) return false;
    } else {
      return false;
    }
  }
  arguments.attempt = static_cast<std::uint32_t>(attempt);
  return arguments.job > 0 && attempt > 0 && arguments.directory != nullptr && arguments.step != nullptr &&
         arguments.step[0] != nullptr;
}

}  // namespace cmdsrv::shim
