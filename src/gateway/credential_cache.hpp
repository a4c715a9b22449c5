#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>

#include "base/clock.hpp"
#include "gateway/credentials.hpp"

namespace cmdsrv::gateway {

/// Which pairs of user and password the server has just confirmed, so that the slow password hash is not computed for
/// every request. Holds keyed hashes, never passwords; the key is made at the start and nowhere else. One thread.
class CredentialCache {
 public:
  using Mark = std::array<unsigned char, 32>;

  explicit CredentialCache(const Clock& clock);
  CredentialCache(const CredentialCache&) = delete;
  CredentialCache& operator=(const CredentialCache&) = delete;
  ~CredentialCache();

  /// What stands for the pair here.
  Mark MarkOf(const Credentials& credentials) const;

  /// True while a confirmation of the last 10 minutes is known.
  bool Knows(const Mark& mark) const;

  /// Counts how often everything was dropped. A confirmation that was asked for in an earlier generation is worthless:
  /// the password may have changed meanwhile.
  std::uint64_t Generation() const { return generation_; }

  void Remember(const Mark& mark, std::uint64_t asked_in);

  /// After a password change, on SIGHUP.
  void Clear();

  /// `stamp` tells versions of the shadow file apart; another one than last time drops everything.
  void ShadowIs(std::string_view stamp);

  std::size_t Size() const { return entries_.size(); }

 private:
  struct Entry {
    Mark mark;
    SteadyTime confirmed;
  };

  const Clock& clock_;
  std::array<unsigned char, 32> key_{};
  std::deque<Entry> entries_;  ///< oldest first
  std::string shadow_;
  std::uint64_t generation_ = 0;
};

}  // namespace cmdsrv::gateway
