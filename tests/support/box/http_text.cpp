#include "support/box/http_text.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "base/text.hpp"

namespace cmdsrv::test {
namespace {

std::string LowerCase(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

int HexDigit(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

}  // namespace

std::string_view HttpRequest::Header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? std::string_view{} : std::string_view(found->second);
}

bool HttpRequest::KeepsAlive() const { return LowerCase(Header("connection")) != "close"; }

Result<HttpRequest> ParseHead(std::string_view head) {
  HttpRequest request;
  const auto lines = Split(head, '\n');
  const auto words = Split(Trim(lines.front()), ' ');
  if (words.size() != 3 || !words[2].starts_with("HTTP/1.")) {
    return Fail(ErrorCode::Malformed, "no HTTP request: {}", PrintableAscii(lines.front(), 80));
  }
  request.method = words[0];
  std::string_view target = words[1];
  if (const std::size_t host = target.find("://"); host != std::string_view::npos) {  // as asked of a proxy
    const std::size_t slash = target.find('/', host + 3);
    target = slash == std::string_view::npos ? "/" : target.substr(slash);
  }
  const std::size_t mark = target.find('?');
  request.path = PercentDecode(target.substr(0, mark));
  if (mark != std::string_view::npos) request.query = target.substr(mark + 1);
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const std::size_t colon = lines[i].find(':');
    if (colon == std::string_view::npos) continue;
    request.headers[LowerCase(Trim(lines[i].substr(0, colon)))] = Trim(lines[i].substr(colon + 1));
  }
  return request;
}

AskedRange ParseRange(std::string_view header, std::uint64_t size) {
  const AskedRange whole{RangeKind::Whole, {0, size}};
  if (!header.starts_with("bytes=") || header.find(',') != std::string_view::npos) return whole;
  const auto ends = Split(header.substr(6), '-');
  if (ends.size() != 2) return whole;
  const auto first = ToInteger(ends[0]);
  const auto last = ToInteger(ends[1]);
  if ((!ends[0].empty() && !first) || (!ends[1].empty() && !last) || (!first && !last)) return whole;
  ByteRange bytes{0, size};
  if (!first) {
    bytes.first = size - std::min(size, static_cast<std::uint64_t>(*last));
  } else {
    bytes.first = static_cast<std::uint64_t>(*first);
    if (last && *last >= *first) bytes.end = std::min(size, static_cast<std::uint64_t>(*last) + 1);
  }
  if (bytes.first >= size) return {RangeKind::Unsatisfiable, {}};
  return {RangeKind::Part, bytes};
}

std::string HttpDate(std::time_t time) {
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  std::array<char, 64> text{};
  const std::size_t length = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text.data(), length};
}

std::string_view StatusText(int status) {
  switch (status) {
    case 200: return "OK";
    case 206: return "Partial Content";
    case 400: return "Bad Request";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 416: return "Range Not Satisfiable";
    case 429: return "Too Many Requests";
    case 500: return "Internal Server Error";
    case 503: return "Service Unavailable";
    default: return "Unusual";
  }
}

json::object ParseQuery(std::string_view query) {
  json::object values;
  for (const std::string_view pair : Split(query, '&')) {
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) continue;
    values[PercentDecode(pair.substr(0, equals))] = PercentDecode(pair.substr(equals + 1));
  }
  return values;
}

std::string PercentDecode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape =
        text[i] == '%' && i + 2 < text.size() && HexDigit(text[i + 1]) >= 0 && HexDigit(text[i + 2]) >= 0;
    if (!escape) {
      out += text[i];
      continue;
    }
    out += static_cast<char>(HexDigit(text[i + 1]) * 16 + HexDigit(text[i + 2]));
    i += 2;
  }
  return out;
}

}  // namespace cmdsrv::test
