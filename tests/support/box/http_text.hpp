#pragma once

#include <cstdint>
#include <ctime>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "base/result.hpp"

/// The little of HTTP/1.1 that a content mirror needs, as text.
namespace cmdsrv::test {

struct HttpRequest {
  std::string method;
  std::string path;                            ///< decoded, without query
  std::string query;                           ///< as it came
  std::map<std::string, std::string> headers;  ///< names in small letters
  std::string body;

  std::string_view Header(const std::string& name) const;
  bool KeepsAlive() const;
};

/// The head up to and without the empty line. Malformed when it is no HTTP/1.x request.
Result<HttpRequest> ParseHead(std::string_view head);

struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t end = 0;  ///< one after the last
};

enum class RangeKind { Whole, Part, Unsatisfiable };

struct AskedRange {
  RangeKind kind = RangeKind::Whole;
  ByteRange bytes;
};

/// What `header` ("bytes=5-", "bytes=5-9", "bytes=-5") asks of a file of `size` bytes. Several ranges at once and
/// nonsense count as the whole file, which RFC 9110 allows.
AskedRange ParseRange(std::string_view header, std::uint64_t size);

/// "Sun, 06 Nov 1994 08:49:37 GMT".
std::string HttpDate(std::time_t time);

std::string_view StatusText(int status);

/// {"a": "1", "b": "x y"} of "a=1&b=x%20y".
json::object ParseQuery(std::string_view query);

std::string PercentDecode(std::string_view text);

}  // namespace cmdsrv::test
