#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace cmdsrv::log {

/// What the lines of a thread are about, for sinks that keep more than a text. Empty and 0: not known.
struct Subject {
  std::string_view command = {};  ///< the verb; its text outlives the About that names it
  std::string_view status = {};   ///< of the job: one of the six names
  std::int64_t job = 0;
  std::int64_t group = 0;
  std::optional<std::uint32_t> peer_uid = {};  ///< who asked
  std::int64_t peer_pid = 0;
};

/// While it lives, the lines that this thread writes are about `subject`, and about what was known before where that
/// says nothing. Costs no memory and no lock.
class About {
 public:
  explicit About(const Subject& subject);
  ~About();
  About(const About&) = delete;
  About& operator=(const About&) = delete;

 private:
  const Subject before_;
};

/// That of the calling thread.
const Subject& CurrentSubject();

}  // namespace cmdsrv::log
