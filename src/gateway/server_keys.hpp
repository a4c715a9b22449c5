#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "gateway/nacl_box.hpp"

namespace cmdsrv::gateway {

/// The key pair that browsers seal their boxes for. A new one each week; boxes for the one before open for another day,
/// so that a session that is open at that moment goes on. Kept in a file, so that it survives a restart. One thread.
class ServerKeys {
 public:
  /// Reads `path`, and makes a new key when there is none. A file that others may read, that is no regular file or that
  /// cannot be understood is not trusted: it is replaced, and a warning is logged. When it cannot be written, the key
  /// lives in memory only, which is logged too; browsers then sign in again after a restart. Never fails.
  ServerKeys(std::string path, const Clock& clock);

  const Key& Public() const { return current_.pair.Public(); }

  /// Tries the current key, then the one before while it is still good.
  std::optional<Secret> Open(std::string_view box, const Nonce& nonce, const Key& sender) const;

  /// Makes a new key when the week is over. Call now and then; cheap.
  void RotateIfDue();

 private:
  struct Dated {
    KeyPair pair;
    WallTime made;
  };
  struct Ring {
    Dated current;
    std::optional<Dated> before;
  };
  static Result<Ring> Read(const std::string& path);
  bool BeforeIsGood() const;
  void Save();

  const std::string path_;
  const Clock& clock_;
  Dated current_;
  std::optional<Dated> before_;
};

}  // namespace cmdsrv::gateway
