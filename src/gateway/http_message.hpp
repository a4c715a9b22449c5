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

/// Header names do not know cases.
bool IsSameName(std::string_view one, std::string_view other);

/// A whole request, as far as anybody here looks at it.
struct HttpRequest {
  std::string method = {};
  std::string path = {};  ///< as sent, without the query; nothing is decoded
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
  std::string client = {};  ///< address of the client, from the connection or from a proxy that is trusted
  std::string server = {};  ///< address that the client reached; may be empty
  bool secure = false;      ///< the browser came by HTTPS, as a proxy that is trusted says

  /// The value of the first header of this name, whatever its case.
  std::optional<std::string_view> Header(std::string_view name) const;

  /// False when a browser says that the page of another site sends this (Origin, Sec-Fetch-Site). Others say nothing.
  bool IsFromOwnPage() const;
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

/// A body that comes in pieces, with pauses, as long as the client listens. Thread of the loop.
class BodyStream {
 public:
  BodyStream() = default;
  BodyStream(const BodyStream&) = delete;
  BodyStream& operator=(const BodyStream&) = delete;
  virtual ~BodyStream() = default;

  /// The next piece, never empty; nothing when there is none now. It is asked again after Wake.
  virtual std::shared_ptr<const std::string> Next() = 0;

  void Wake() const {
    if (wake_) wake_();
  }
  /// The body ends after the piece that is being sent.
  void End() {
    ended_ = true;
    Wake();
  }
  bool HasEnded() const { return ended_; }
  /// The server's side.
  void OnWake(std::function<void()> wake) { wake_ = std::move(wake); }

 private:
  std::function<void()> wake_;
  bool ended_ = false;
};

struct HttpResponse {
  int status = 200;
  std::string type = "text/plain";
  std::string body = {};
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::shared_ptr<const OpenFile> file = {};  ///< sent instead of `body`
  std::uint64_t file_bytes = 0;
  std::shared_ptr<BodyStream> stream = {};  ///< sent instead of `body`
};

using Reply = std::function<void(HttpResponse)>;

inline HttpResponse Json(std::string body) { return {.type = "application/json", .body = std::move(body)}; }
/// A short text for people; 403 has none, as it always was.
HttpResponse Refusal(int status);

}  // namespace cmdsrv::gateway
