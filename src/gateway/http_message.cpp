#include "gateway/http_message.hpp"

#include <unistd.h>

#include <algorithm>

namespace cmdsrv::gateway {
namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string_view TextOf(int status) {
  switch (status) {
    case 400: return "400 Bad Request\n";
    case 404: return "404 Not Found\n";
    case 405: return "405 Method Not Allowed\n";
    case 411: return "411 Length Required\n";
    case 413: return "413 Content Too Large\n";
    case 415: return "415 Unsupported Media Type\n";
    case 421: return "421 Misdirected Request\n";
    case 431: return "431 Request Header Fields Too Large\n";
    case 503: return "503 Service Unavailable\n";
    default: return "";
  }
}

}  // namespace

bool IsSameName(std::string_view one, std::string_view other) {
  return std::ranges::equal(one, other, {}, Lower, Lower);
}

std::optional<std::string_view> HttpRequest::Header(std::string_view name) const {
  const auto found = std::ranges::find_if(headers, [&](const auto& header) { return IsSameName(header.first, name); });
  if (found == headers.end()) return std::nullopt;
  return found->second;
}

bool HttpRequest::IsFromOwnPage() const {
  const auto site = Header("Sec-Fetch-Site");
  if (site && *site != "same-origin" && *site != "none") return false;
  const auto origin = Header("Origin");
  if (!origin) return true;
  const std::size_t host = origin->find("://");
  return host != std::string_view::npos && origin->substr(host + 3) == Header("Host");
}

OpenFile::~OpenFile() { ::close(fd_); }

HttpResponse Refusal(int status) { return {.status = status, .body = std::string(TextOf(status))}; }

}  // namespace cmdsrv::gateway
