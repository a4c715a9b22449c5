#include "steps/net.hpp"

#include <fcntl.h>
#include <string.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "base/text.hpp"
#include "platform/unique_fd.hpp"
#include "steps/module_loader.hpp"
#include "steps/net_module.hpp"

namespace cmdsrv::net {
namespace {

constexpr std::string_view kModule = "iiab-cmdsrv-net.so";

int Append(void* user, const char* data, size_t size) {
  static_cast<std::string*>(user)->append(data, size);
  return 0;
}

CmdsrvHttpRequest Request(const std::string& url, bool head, std::uint64_t limit, const Deadlines& deadlines) {
  CmdsrvHttpRequest request{};
  request.url = url.c_str();
  request.head = head ? 1 : 0;
  request.limit = limit;
  request.connect_s = deadlines.connect_s;
  request.stall_s = deadlines.stall_s;
  request.total_s = deadlines.total_s;
  return request;
}

Result<CmdsrvHttpAnswer> Perform(const CmdsrvHttpRequest& request, std::string* body) {
  const auto http = LoadFunction<CmdsrvHttp>(kModule, "cmdsrv_http");
  if (!http) return Failure(http.error());
  CmdsrvHttpAnswer answer;
  (*http)(&request, &answer, body != nullptr ? Append : nullptr, body);
  return answer;
}

Failure NoAnswer(std::string_view url, const CmdsrvHttpAnswer& answer) {
  const std::string_view why = answer.error;
  const bool late = why.find("timed out") != std::string_view::npos || why.find("too slow") != std::string_view::npos;
  const ErrorCode code = answer.no_host != 0 ? ErrorCode::NoNetwork : late ? ErrorCode::Timeout : ErrorCode::TryLater;
  return Fail(code, "cannot fetch {}: {}", MaskUrlCredentials(url), why);
}

}  // namespace

ErrorCode CodeOfStatus(long status) {
  switch (status) {
    case 404:
    case 410: return ErrorCode::NotFound;
    case 401:
    case 403:
    case 451: return ErrorCode::Refused;
    default: return ErrorCode::TryLater;
  }
}

std::string StatusText(long status) {
  static constexpr std::pair<long, std::string_view> kTexts[] = {{400, "bad request"},
                                                                 {401, "login needed"},
                                                                 {403, "forbidden"},
                                                                 {404, "not found"},
                                                                 {410, "gone for ever"},
                                                                 {416, "no such range"},
                                                                 {429, "too many requests"},
                                                                 {451, "blocked for legal reasons"},
                                                                 {500, "internal server error"},
                                                                 {502, "bad gateway"},
                                                                 {503, "service unavailable"},
                                                                 {504, "gateway timeout"}};
  const auto found = std::ranges::find(kTexts, status, &std::pair<long, std::string_view>::first);
  return found == std::end(kTexts) ? fmt::format("{}", status) : fmt::format("{} ({})", status, found->second);
}

Result<std::string> Get(const std::string& url, std::uint64_t limit, const Deadlines& deadlines) {
  std::string body;
  const auto answer = Perform(Request(url, false, limit, deadlines), &body);
  if (!answer) return Failure(answer.error());
  if (answer->too_large != 0)
    return Fail(ErrorCode::Corrupt, "cannot fetch {}: it is larger than {} bytes", MaskUrlCredentials(url), limit);
  if (answer->status >= 300)
    return Fail(CodeOfStatus(answer->status), "cannot fetch {}: the server answered {}", MaskUrlCredentials(url),
                StatusText(answer->status));
  if (answer->error[0] != '\0') return NoAnswer(url, *answer);
  return body;
}

Result<Reply> Exchange(const Exchanged& asked, std::uint64_t limit, const Deadlines& deadlines) {
  CmdsrvHttpRequest request = Request(asked.url, false, limit, deadlines);
  std::vector<const char*> headers;
  for (const std::string& header : asked.headers) headers.push_back(header.c_str());
  std::string authorization;
  if (asked.bearer != nullptr) {
    authorization = "Authorization: Bearer ";
    authorization += asked.bearer->Expose();
    headers.push_back(authorization.c_str());
  }
  headers.push_back(nullptr);
  request.headers = headers.data();
  if (!asked.method.empty()) request.method = asked.method.c_str();
  if (!asked.body.empty()) {
    request.body = asked.body.data();
    request.body_size = asked.body.size();
  }
  Reply reply;
  const auto answer = Perform(request, &reply.body);
  explicit_bzero(authorization.data(), authorization.size());
  if (!answer) return Failure(answer.error());
  if (answer->too_large != 0)
    return Fail(ErrorCode::Corrupt, "cannot fetch {}: it is larger than {} bytes", MaskUrlCredentials(asked.url),
                limit);
  if (answer->error[0] != '\0') return NoAnswer(asked.url, *answer);
  reply.status = answer->status;
  if (std::string_view(answer->rate_remaining) == "0") reply.more_at = ToInteger(answer->rate_reset).value_or(0);
  return reply;
}

Result<Head> Ask(const std::string& url, const Deadlines& deadlines) {
  const auto answer = Perform(Request(url, true, 0, deadlines), nullptr);
  if (!answer) return Failure(answer.error());
  if (answer->error[0] != '\0') return NoAnswer(url, *answer);
  Head head{answer->status,
            {},
            answer->url,
            ToUtf8(answer->etag),
            ToUtf8(answer->last_modified),
            ToUtf8(answer->content_type)};
  if (answer->length >= 0) head.length = static_cast<std::uint64_t>(answer->length);
  return head;
}

Result<Digests> ReadDigests(const std::string& path, std::uint64_t md5_bytes,
                            const std::function<void(std::uint64_t)>& progress) {
  const auto digest = LoadFunction<CmdsrvDigest>(kModule, "cmdsrv_digest");
  if (!digest) return Failure(digest.error());
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return FailFromErrno(errno, "open " + path);
  const auto report = [](void* user, std::uint64_t bytes) {
    (*static_cast<const std::function<void(std::uint64_t)>*>(user))(bytes);
  };
  CmdsrvDigests digests{.md5_bytes = md5_bytes, .sha256 = "", .md5 = ""};
  const int error_number =
      (*digest)(file.Get(), &digests, report, const_cast<std::function<void(std::uint64_t)>*>(&progress));
  if (error_number != 0) return FailFromErrno(error_number, "read " + path);
  return Digests{digests.sha256, digests.md5};
}

}  // namespace cmdsrv::net
