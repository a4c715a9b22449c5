#include "platform/passwords.hpp"

#include <crypt.h>
#include <string.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
// crack.h uses size_t without a word.
#include <crack.h>

#include <memory>
#include <mutex>

namespace cmdsrv {
namespace {

/// 32 KB with traces of the password in it.
struct Wiped {
  crypt_data data{};
  Wiped() = default;
  Wiped(const Wiped&) = delete;
  Wiped& operator=(const Wiped&) = delete;
  ~Wiped() { explicit_bzero(&data, sizeof data); }
};

std::string Hash(const Secret& password, const std::string& setting) {
  if (password.Expose().find('\0') != std::string_view::npos) return {};
  const auto scratch = std::make_unique<Wiped>();
  const Secret text{std::string(password.Expose())};  // ends in a NUL
  const char* hash = crypt_r(text.Expose().data(), setting.c_str(), &scratch->data);
  return hash == nullptr || hash[0] == '*' ? std::string() : std::string(hash);
}

bool Equal(std::string_view left, std::string_view right) {
  unsigned different = left.size() == right.size() ? 0 : 1;
  for (std::size_t i = 0; i < left.size() && i < right.size(); ++i) {
    different |= static_cast<unsigned char>(left[i]) ^ static_cast<unsigned>(static_cast<unsigned char>(right[i]));
  }
  return different == 0;
}

}  // namespace

bool PasswordMatches(const Secret& password, const std::string& hash) {
  if (hash.empty() || hash[0] == '!' || hash[0] == '*') return false;
  const std::string computed = Hash(password, hash);
  return !computed.empty() && Equal(computed, hash);
}

Result<std::string> HashPassword(const Secret& password) {
  char setting[CRYPT_GENSALT_OUTPUT_SIZE] = {};
  const bool salted = crypt_gensalt_rn(nullptr, 0, nullptr, 0, setting, sizeof setting) != nullptr;
  std::string hash = salted ? Hash(password, setting) : std::string();
  if (hash.empty()) return FailFromErrno(errno, "hash a password");
  return hash;
}

Result<std::string> WhyPasswordIsWeak(const Secret& password) {
  static std::mutex one_at_a_time;  // cracklib keeps its dictionary in static memory
  const std::lock_guard lock(one_at_a_time);
  const std::string dictionary = GetDefaultCracklibDict();
  // cracklib ends the whole process when it cannot open one of them.
  for (const char* ending : {".hwm", ".pwd", ".pwi"}) {
    if (::access((dictionary + ending).c_str(), R_OK) != 0) {
      return Fail(ErrorCode::Unavailable, "cannot read {}{}: run update-cracklib", dictionary, ending);
    }
  }
  const Secret text{std::string(password.Expose())};
  const char* why = FascistCheck(text.Expose().data(), dictionary.c_str());
  return why == nullptr ? std::string() : std::string(why);
}

}  // namespace cmdsrv
