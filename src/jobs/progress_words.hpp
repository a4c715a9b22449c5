#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The words of which progress lines of foreign programs are made. Pure; all input is hostile.
namespace cmdsrv {

/// Takes words off the front of a line.
class Words {
 public:
  explicit Words(std::string_view line) : rest_(line) {}

  /// The next word and the blanks before it; empty at the end.
  std::string_view Next();
  /// True when the line goes on with `text`, after blanks; it is taken then.
  bool Skip(std::string_view text);
  /// The leading characters out of `set`; may be empty.
  std::string_view While(std::string_view set);
  std::string_view Rest() const { return rest_; }

 private:
  std::string_view rest_;
};

/// "1,500,000", "14.60M", "9.2MiB", "16384B", "627.00K", "507.402Ki", "1.50kB". A unit with an i is always of 1024, any
/// other of `base`. Empty when it is no size.
std::optional<std::int64_t> ReadSize(std::string_view word, int base = 1024);

/// A size followed by "/s".
std::optional<std::int64_t> ReadRate(std::string_view word, int base = 1024);

/// "42%" → 42; empty above 100.
std::optional<int> ReadPercent(std::string_view word);

/// "9m8s", "1h2m", "2d3h", "4s", "0.4s", "0:00:03"; "-" and the like: empty.
std::optional<std::int64_t> ReadDuration(std::string_view text);

/// A name out of a program's output as part of a phase: valid UTF-8, one line, nothing that means something in HTML, at
/// most 60 bytes; of a longer one the end, where names differ.
std::string CleanPhase(std::string_view kind, std::string_view name);

}  // namespace cmdsrv
