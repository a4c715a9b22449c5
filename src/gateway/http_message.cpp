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
    case 431: return "431 Request Header Fields Too Large\n";
    case 503: return "503 Service Unavailable\n";
    default: return "";
  }
}

}  // namespace

std::optional<std::string_view> HttpRequest::Header(std::string_view name) const {
  const auto found = std::ranges::find_if(
      headers, [&](const auto& header) { return std::ranges::equal(header.first, name, {}, Lower, Lower); });
  if (found == headers.end()) return std::nullopt;
  return found->second;
}

OpenFile::~OpenFile() { ::close(fd_); }

HttpResponse Refusal(int status) { return {.status = status, .body = std::string(TextOf(status))}; }

}  // namespace cmdsrv::gateway
