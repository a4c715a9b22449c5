#include "gateway/request_framing.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace cmdsrv::gateway {
namespace {

constexpr std::size_t kLongestHost = 261;  // 255 of a name and a port

/// libmicrohttpd believes the first Content-Length; whoever sends two means mischief.
struct Findings {
  std::size_t lengths = 0;
  std::size_t length = 0;
  std::size_t hosts = 0;
  bool transfer_encoding = false;
  bool long_value = false;
  bool strange = false;
};

bool IsPlain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/// libmicrohttpd lets "Content-Length : 5" pass, and another server may take it for the length that it seems to be.
bool IsHeaderName(std::string_view name) { return !name.empty() && std::ranges::all_of(name, IsPlain); }

/// It leaves a CR without its LF, and a folded line with its end, in the value; another server may see two headers.
bool IsHeaderValue(std::string_view value) {
  return std::ranges::none_of(value, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7f;
  });
}

/// Name or address, with a port perhaps.
bool IsHost(std::string_view host) {
  return !host.empty() && host.size() <= kLongestHost &&
         std::ranges::all_of(host, [](char c) { return IsPlain(c) || c == '.' || c == ':' || c == '[' || c == ']'; });
}

Findings Read(const HttpRequest& request, std::size_t most_body, std::size_t most_value) {
  Findings found;
  for (const auto& [name, value] : request.headers) {
    if (value.size() > most_value) found.long_value = true;
    if (!IsHeaderName(name) || !IsHeaderValue(value)) found.strange = true;
    if (IsSameName(name, "Transfer-Encoding")) found.transfer_encoding = true;
    if (IsSameName(name, "Host")) {
      ++found.hosts;
      if (!IsHost(value)) found.strange = true;
    }
    if (!IsSameName(name, "Content-Length")) continue;
    ++found.lengths;
    const auto length = ToInteger(value);
    const bool digits = !value.empty() && std::ranges::all_of(value, [](char c) { return c >= '0' && c <= '9'; });
    if (!digits) found.strange = true;
    found.length = length && *length >= 0 ? static_cast<std::size_t>(*length) : most_body + 1;
  }
  return found;
}

}  // namespace

RequestFraming JudgeFraming(const HttpRequest& request, std::size_t most_body, std::size_t most_value) {
  const Findings found = Read(request, most_body, most_value);
  if (found.strange || found.lengths > 1 || found.hosts > 1) return {.refusal = 400};
  if (found.transfer_encoding) return {.refusal = found.lengths == 1 ? 400 : 411};
  if (found.long_value) return {.refusal = 431};
  if (found.length > most_body) return {.refusal = 413};
  return {.body_bytes = found.length};
}

}  // namespace cmdsrv::gateway
