#include "support/menu_repository.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sodium.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/json.hpp"
#include "support/box/http_text.hpp"
#include "support/files.hpp"

namespace cmdsrv::test {
namespace {

/// GitHub's are SHA-1; any that is a function of the content will do.
std::string Sha(const std::string& bytes) { return Sha256("blob " + bytes).substr(0, 40); }

std::string Encode(const std::string& bytes) {
  std::string text(sodium_base64_encoded_len(bytes.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(text.data(), text.size(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                    sodium_base64_VARIANT_ORIGINAL);
  text.resize(text.find('\0'));
  // GitHub breaks lines.
  for (std::size_t at = 60; at < text.size(); at += 61) text.insert(at, "\n");
  return text;
}

std::string Decode(const std::string& text) {
  std::string bytes(text.size(), '\0');
  std::size_t size = 0;
  sodium_base642bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), text.data(), text.size(), nullptr,
                    &size, nullptr, sodium_base64_VARIANT_ORIGINAL);
  bytes.resize(size);
  return bytes;
}

std::string Http(int status, const std::string& body, const std::string& more = {}) {
  return fmt::format("HTTP/1.1 {} x\r\nContent-Length: {}\r\nConnection: close\r\n{}\r\n{}", status, body.size(), more,
                     body);
}

}  // namespace

FakeMenuRepository::FakeMenuRepository() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listener_.Get(), reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      ::listen(listener_.Get(), 16) != 0 ||
      ::getsockname(listener_.Get(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
    ThrowError({ErrorCode::Io, "cannot listen"});
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Serve(); });
}

FakeMenuRepository::~FakeMenuRepository() {
  ends_ = true;
  ::shutdown(listener_.Get(), SHUT_RDWR);
  thread_.join();
}

std::string FakeMenuRepository::Url() const { return fmt::format("http://127.0.0.1:{}/repo/", port_); }

std::string FakeMenuRepository::Put(const std::string& path, const std::string& bytes) {
  const std::scoped_lock lock(mutex_);
  files_[path] = bytes;
  return Sha(bytes);
}

std::string FakeMenuRepository::Get(const std::string& path) const {
  const std::scoped_lock lock(mutex_);
  const auto found = files_.find(path);
  return found == files_.end() ? std::string() : found->second;
}

std::string FakeMenuRepository::ShaOf(const std::string& path) const { return Sha(Get(path)); }

void FakeMenuRepository::SetToken(const std::string& token) {
  const std::scoped_lock lock(mutex_);
  token_ = token;
}

void FakeMenuRepository::AnswerWith(const std::string& below, const std::string& body) {
  const std::scoped_lock lock(mutex_);
  answers_[below] = body;
}

void FakeMenuRepository::BeforeEach(std::function<void(const std::string& request)> act) {
  const std::scoped_lock lock(mutex_);
  before_each_ = std::move(act);
}

std::vector<std::string> FakeMenuRepository::Requests() const {
  const std::scoped_lock lock(mutex_);
  return requests_;
}

void FakeMenuRepository::Serve() {
  while (!ends_) {
    const UniqueFd socket(::accept4(listener_.Get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!socket) continue;
    const timeval patience{10, 0};
    ::setsockopt(socket.Get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    Answer(socket.Get());
  }
}

void FakeMenuRepository::Answer(int socket) {
  std::string buffer;
  std::string::size_type end = std::string::npos;
  std::size_t wanted = 0;
  HttpRequest request;
  char piece[16384];
  for (;;) {
    if (end == std::string::npos && (end = buffer.find("\r\n\r\n")) != std::string::npos) {
      auto head = ParseHead(std::string_view(buffer).substr(0, end));
      if (!head) return;
      request = *std::move(head);
      wanted = end + 4 + static_cast<std::size_t>(std::atol(std::string(request.Header("content-length")).c_str()));
      if (request.Header("expect") == "100-continue") ::send(socket, "HTTP/1.1 100 Continue\r\n\r\n", 25, MSG_NOSIGNAL);
    }
    if (end != std::string::npos && buffer.size() >= wanted) break;
    const ssize_t got = ::recv(socket, piece, sizeof piece, 0);
    if (got <= 0) return;
    buffer.append(piece, static_cast<std::size_t>(got));
  }
  std::string token(request.Header("authorization"));
  token = token.starts_with("Bearer ") ? token.substr(7) : "-";
  const std::string path = request.path + (request.query.empty() ? "" : "?" + request.query);
  const std::string reply = Reply(request.method, path, buffer.substr(end + 4), token);
  for (std::size_t sent = 0; sent < reply.size();) {
    const ssize_t count = ::send(socket, reply.data() + sent, reply.size() - sent, MSG_NOSIGNAL);
    if (count <= 0) return;
    sent += static_cast<std::size_t>(count);
  }
}

std::string FakeMenuRepository::Reply(const std::string& method, const std::string& path, const std::string& body,
                                      const std::string& token) {
  const std::string below = path.starts_with("/repo/") ? path.substr(5) : path;
  std::unique_lock lock(mutex_);
  if (const auto act = before_each_) {  // a copy: it may change what is here
    lock.unlock();
    act(fmt::format("{} {}", method, below));
    lock.lock();
  }
  requests_.push_back(fmt::format("{} {} {}", method, below, token));
  if (left_-- <= 0) return Http(403, "{}", "X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 4102444800\r\n");
  for (const auto& [begin, answer] : answers_) {
    if (below.starts_with(begin)) return Http(200, answer);
  }
  if (method == "PUT" && below.starts_with("/contents/")) return Upload(below.substr(10), body, token);
  if (below == "/git/trees/master?recursive=1") {
    json::array tree{json::object{{"path", "menu-defs"}, {"type", "tree"}, {"sha", "x"}}};
    for (const auto& [name, bytes] : files_)
      tree.push_back(json::object{{"path", name}, {"type", "blob"}, {"sha", Sha(bytes)}, {"size", bytes.size()}});
    return Http(200, PrintJson(json::object{{"sha", "x"}, {"tree", tree}, {"truncated", false}}));
  }
  if (below.starts_with("/git/blobs/")) {
    for (const auto& [name, bytes] : files_) {
      if (Sha(bytes) == below.substr(11))
        return Http(200, PrintJson(json::object{{"encoding", "base64"}, {"content", Encode(bytes)}}));
    }
  }
  return Http(404, "{}");
}

std::string FakeMenuRepository::Upload(const std::string& path, const std::string& body, const std::string& token) {
  if (token != token_) return Http(401, "{}");
  const auto document = ParseJson(body);
  if (!document || !document->is_object()) return Http(400, "{}");
  const auto found = files_.find(path);
  const std::string_view old = TextMember(document->get_object(), "sha");
  if (found != files_.end() ? old != Sha(found->second) : !old.empty()) return Http(409, "{}");
  files_[path] = Decode(std::string(TextMember(document->get_object(), "content")));
  return Http(201, PrintJson(json::object{{"content", json::object{{"sha", Sha(files_[path])}}}}));
}

}  // namespace cmdsrv::test
