#include "support/box/session.hpp"

#include <unistd.h>

#include <algorithm>
#include <limits>

#include "base/text.hpp"
#include "support/box/control.hpp"

namespace cmdsrv::test {
namespace {

constexpr std::size_t kMaxHead = 32U << 10U;
constexpr long long kMaxBody = 1 << 20;
constexpr std::uint64_t kChunk = 64U << 10U;
constexpr int kSlowTicksPerSecond = 20;
constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

constexpr std::string_view kPortalPage =
    "<!DOCTYPE html><html><head><title>Welcome</title></head><body><h1>Please sign in to use this network</h1>"
    "</body></html>\n";

const Misbehaviour* Find(const std::vector<Misbehaviour>& faults, Fault fault) {
  const auto found = std::ranges::find(faults, fault, &Misbehaviour::fault);
  return found == faults.end() ? nullptr : &*found;
}

std::string ContentHead(const Content& content, const AskedRange& asked, bool ranges) {
  const bool part = asked.kind == RangeKind::Part;
  std::string head = fmt::format(
      "HTTP/1.1 {} {}\r\nServer: iiab-box\r\nContent-Type: {}\r\nContent-Length: {}\r\nETag: {}\r\nLast-Modified: "
      "{}\r\n",
      part ? 206 : 200, StatusText(part ? 206 : 200), content.type, asked.bytes.end - asked.bytes.first, content.etag,
      HttpDate(content.modified));
  if (ranges) head += "Accept-Ranges: bytes\r\n";
  if (part) {
    head += fmt::format("Content-Range: bytes {}-{}/{}\r\n", asked.bytes.first, asked.bytes.end - 1, content.size);
  }
  return head + "\r\n";
}

/// The part of the content at [at, at + length), with the flipped byte if it lies there.
std::string ReadPiece(const Content& content, std::uint64_t at, std::uint64_t length, std::uint64_t flipped) {
  std::string piece;
  if (content.file) {
    piece.resize(length);
    const ssize_t got = ::pread(content.file.Get(), piece.data(), length, static_cast<off_t>(at));
    piece.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  } else {
    piece = content.text.substr(at, length);
  }
  if (flipped >= at && flipped - at < piece.size()) piece[flipped - at] = static_cast<char>(piece[flipped - at] ^ 0x55);
  return piece;
}

}  // namespace

struct Session::Answer {
  Content content;
  ByteRange bytes;
  std::uint64_t flipped = kNever;
  std::uint64_t rate = 0;  ///< 0: as fast as it goes
};

Session::Session(Line& line, std::string host, ServerParts parts)
    : line_(line), host_(std::move(host)), parts_(parts) {}

void Session::Run() {
  for (;;) {
    HttpRequest request;
    if (!ReadRequest(request) || !Serve(request) || !request.KeepsAlive()) return;
  }
}

bool Session::ReadRequest(HttpRequest& request) {
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (buffer_.size() > kMaxHead || !line_.Receive(buffer_)) return false;
  }
  auto head = ParseHead(std::string_view(buffer_).substr(0, end));
  if (!head) return false;
  request = std::move(*head);
  buffer_.erase(0, end + 4);
  const long long length = ToInteger(request.Header("content-length")).value_or(0);
  if (length < 0 || length > kMaxBody) return false;
  const auto body_bytes = static_cast<std::size_t>(length);
  while (buffer_.size() < body_bytes) {
    if (!line_.Receive(buffer_)) return false;
  }
  request.body = buffer_.substr(0, body_bytes);
  buffer_.erase(0, body_bytes);
  return true;
}

bool Session::Serve(const HttpRequest& request) {
  if (request.path == "/control" || request.path.starts_with("/control/")) return ServeControl(request);
  if (request.method != "GET" && request.method != "HEAD") {
    return SendText(request, 405, "text/plain", "only GET and HEAD\n");
  }
  return ServeContent(request);
}

bool Session::ServeControl(const HttpRequest& request) {
  const ControlReply reply = Control(request, parts_);
  return SendText(request, reply.status, "application/json", reply.text);
}

bool Session::ServeContent(const HttpRequest& request) {
  const auto faults = parts_.rules.ForRequest(host_, request.path);
  const std::string range(request.Header("range"));
  const auto note = [&](int status, bool whole) {
    parts_.traffic.Asked(host_, request.path, request.method, range, status, whole);
  };
  if (Find(faults, Fault::Refuse) != nullptr) {
    note(0, false);
    line_.Reset();
    return false;
  }
  if (const auto* fault = Find(faults, Fault::Status)) {
    note(fault->status, false);
    return SendText(request, fault->status, "text/plain", fmt::format("{}\n", StatusText(fault->status)));
  }
  if (Find(faults, Fault::Html) != nullptr) {
    note(200, true);
    return SendText(request, 200, "text/html; charset=utf-8", kPortalPage);
  }
  Site::Request wanted{request.path};
  if (const auto* fault = Find(faults, Fault::Replace)) wanted.file = fault->file;
  wanted.wrong_hash = Find(faults, Fault::WrongHash) != nullptr;
  auto content = parts_.site.Find(wanted);
  if (!content) {
    const int status = content.error().code == ErrorCode::Malformed ? 400 : 404;
    note(status, false);
    return SendText(request, status, "text/plain", content.error().message + "\n");
  }
  if (const auto* fault = Find(faults, Fault::Truncate)) content->size = std::min(content->size, fault->at);

  const bool ranges = Find(faults, Fault::NoRanges) == nullptr;
  const std::string_view if_range = request.Header("if-range");
  const bool same = if_range.empty() || if_range == content->etag || if_range == HttpDate(content->modified);
  const AskedRange asked = ParseRange(ranges && same ? range : "", content->size);
  if (asked.kind == RangeKind::Unsatisfiable) {
    note(416, false);
    return line_.Send(fmt::format("HTTP/1.1 416 {}\r\nContent-Range: bytes */{}\r\nContent-Length: 0\r\n\r\n",
                                  StatusText(416), content->size));
  }
  note(asked.kind == RangeKind::Part ? 206 : 200, asked.kind == RangeKind::Whole);
  if (!line_.Send(ContentHead(*content, asked, ranges))) return false;
  if (request.method == "HEAD") return true;

  Answer answer{std::move(*content), asked.bytes};
  if (const auto* fault = Find(faults, Fault::Corrupt)) answer.flipped = fault->at;
  if (const auto* fault = Find(faults, Fault::Slow)) answer.rate = fault->rate;
  return SendBody(request, answer);
}

bool Session::SendBody(const HttpRequest& request, Answer& answer) {
  const auto faults = parts_.rules.ForBody(host_, request.path, answer.bytes.first, answer.bytes.end);
  const Misbehaviour* drop = Find(faults, Fault::Drop);
  const Misbehaviour* stall = Find(faults, Fault::Stall);
  const std::uint64_t per_tick = std::max<std::uint64_t>(1, answer.rate / kSlowTicksPerSecond);
  for (std::uint64_t at = answer.bytes.first; at < answer.bytes.end;) {
    if (drop != nullptr && at == drop->at) {
      if (drop->reset) line_.Reset();
      return false;
    }
    if (stall != nullptr && at == stall->at) {
      if (!line_.Stall(parts_.stalls)) return false;
      stall = nullptr;
    }
    std::uint64_t end = std::min(answer.bytes.end, at + (answer.rate == 0 ? kChunk : std::min(kChunk, per_tick)));
    if (drop != nullptr && at < drop->at) end = std::min(end, drop->at);
    if (stall != nullptr && at < stall->at) end = std::min(end, stall->at);
    const std::string piece = ReadPiece(answer.content, at, end - at, answer.flipped);
    if (piece.empty()) return false;
    // Counted before the client can have it, who may ask for the count at once.
    parts_.traffic.Sent(request.path, piece.size());
    if (!line_.Send(piece)) {
      parts_.traffic.NotSent(request.path, piece.size());
      return false;
    }
    at += piece.size();
    if (answer.rate != 0 && at < answer.bytes.end && !line_.Pause(1000 / kSlowTicksPerSecond)) return false;
  }
  return true;
}

bool Session::SendText(const HttpRequest& request, int status, std::string_view type, std::string_view text) {
  const std::string head = fmt::format("HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n", status,
                                       StatusText(status), type, text.size());
  return line_.Send(request.method == "HEAD" ? head : head + std::string(text));
}

}  // namespace cmdsrv::test
