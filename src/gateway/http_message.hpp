#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cmdsrv::gateway {

/// A whole request, as far as anybody here looks at it.
struct HttpRequest {
  std::string method = {};
  std::string path = {};  ///< as sent, without the query; nothing is decoded
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
  std::string client = {};  ///< address of the client, from the connection or from a proxy that is trusted
  std::string server = {};  ///< address that the client reached; may be empty

  /// The value of the first header of this name, whatever its case.
  std::optional<std::string_view> Header(std::string_view name) const;
};

/// A descriptor that is closed at the end.
class OpenFile {
 public:
  explicit OpenFile(int fd) : fd_(fd) {}
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile();
  int Get() const { return fd_; }

 private:
  const int fd_;
};

struct HttpResponse {
  int status = 200;
  std::string type = "text/plain";
  std::string body = {};
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::shared_ptr<const OpenFile> file = {};  ///< sent instead of `body`
  std::uint64_t file_bytes = 0;
};

using Reply = std::function<void(HttpResponse)>;

inline HttpResponse Json(std::string body) { return {.type = "application/json", .body = std::move(body)}; }
/// A short text for people; 403 has none, as it always was.
HttpResponse Refusal(int status);

}  // namespace cmdsrv::gateway
