#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

namespace cmdsrv::test {

/// How the box's internet can fail. Names in the control interface are the same in small letters (no_ranges,
/// wrong_hash).
enum class Fault {
  Refuse,     ///< the line is reset before any answer
  Drop,       ///< the line ends when byte `at` of the file would be sent; with `reset` by RST
  Stall,      ///< nothing more is sent from byte `at` of the file on, until released
  Status,     ///< answer `status` with a short text
  Html,       ///< answer 200 with a web page, as a captive portal does
  Corrupt,    ///< the byte at `at` of the file is flipped; sizes and hashes elsewhere stay
  Truncate,   ///< the file ends before byte `at`
  Replace,    ///< the file `file` (below <root>/internet) is served instead, with its own ETag and date
  Slow,       ///< at most `rate` bytes a second
  NoRanges,   ///< Range is ignored
  WrongHash,  ///< for .meta4 and .sha256: the hashes are those of other content
};

struct Misbehaviour {
  Fault fault = Fault::Status;
  std::string path = "*";  ///< exactly this path, or a beginning when it ends in '*'
  std::string host = {};   ///< "127.0.0.1" or "127.0.0.2"; empty: both mirrors
  std::uint64_t at = 0;    ///< byte of the file, wherever the asked range begins
  bool reset = false;
  int status = 503;
  std::uint64_t rate = 1U << 20U;
  std::string file = {};
  unsigned after = 0;  ///< this many matching requests are served well before
  int times = -1;      ///< this many are served badly then; -1: all
};

std::string_view NameOf(Fault fault);

/// From {"kind": "drop", "path": …, "at": 1000, …}; numbers may be texts, as they come from a query.
Result<Misbehaviour> ParseMisbehaviour(const json::object& object);

/// The rules in force. Any thread.
class RuleBook {
 public:
  int Add(Misbehaviour rule);
  void Clear();
  /// False when there is no such rule.
  bool Remove(int id);

  /// The faults that this request meets, one of a kind; their counts go down. Drop and Stall are not among them.
  std::vector<Misbehaviour> ForRequest(std::string_view host, std::string_view path);
  /// Drop and Stall for an answer that would send the bytes [first, end) of the file.
  std::vector<Misbehaviour> ForBody(std::string_view host, std::string_view path, std::uint64_t first,
                                    std::uint64_t end);

  /// All rules with what is left of their counts and how often each was met.
  json::array Describe() const;
  unsigned TimesMet(int id) const;

 private:
  struct Entry {
    int id;
    Misbehaviour rule;
    unsigned met = 0;
  };

  mutable std::mutex mutex_;
  std::vector<Entry> entries_;
  int last_id_ = 0;

  static bool Meets(Entry& entry, std::string_view host, std::string_view path);
};

}  // namespace cmdsrv::test
