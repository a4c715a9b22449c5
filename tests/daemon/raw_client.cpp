#include "daemon/raw_client.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

namespace cmdsrv::test {
namespace {

using namespace std::string_view_literals;

constexpr auto kReady =
    "\x04\x1C\x05READY\x0BSocket-Type\0\0\0\x06"
    "DEALER"sv;
constexpr unsigned char kMore = 1;
constexpr unsigned char kLong = 2;
constexpr unsigned char kCommand = 4;

std::string Greeting() {
  std::string greeting(64, '\0');
  greeting.replace(0, 10, "\xFF\0\0\0\0\0\0\0\0\x7F"sv);
  greeting.replace(10, 2, "\x03\0"sv);
  greeting.replace(12, 4, "NULL");
  return greeting;
}

}  // namespace

std::optional<RawClient> RawClient::ConnectSilently(const std::string& path) {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return std::nullopt;
  const timeval patience{.tv_sec = 20, .tv_usec = 0};
  ::setsockopt(fd.Get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(fd.Get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return std::nullopt;
  std::memcpy(address.sun_path, path.data(), path.size());
  if (::connect(fd.Get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return std::nullopt;
  return RawClient(std::move(fd));
}

std::optional<RawClient> RawClient::Connect(const std::string& path) {
  auto client = ConnectSilently(path);
  if (!client || !client->SendBytes(Greeting())) return std::nullopt;
  char greeting[64];
  if (!client->ReceiveBytes(greeting, sizeof greeting) || !client->SendBytes(kReady)) return std::nullopt;
  char head[2];  // the server's own READY: a short command
  if (!client->ReceiveBytes(head, 2) || (static_cast<unsigned char>(head[0]) & kCommand) == 0) return std::nullopt;
  std::string body(static_cast<unsigned char>(head[1]), '\0');
  if (!client->ReceiveBytes(body.data(), body.size())) return std::nullopt;
  return client;
}

bool RawClient::SendBytes(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_.Get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool RawClient::Send(const std::vector<std::string>& frames) {
  std::string bytes;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const bool is_long = frames[i].size() > 255;
    bytes += static_cast<char>((i + 1 < frames.size() ? kMore : 0) | (is_long ? kLong : 0));
    for (int shift = is_long ? 56 : 0; shift >= 0; shift -= 8) {
      bytes += static_cast<char>((static_cast<std::uint64_t>(frames[i].size()) >> shift) & 0xFFU);
    }
    bytes += frames[i];
  }
  return SendBytes(bytes);
}

bool RawClient::ReceiveBytes(char* into, std::size_t size) {
  while (size > 0) {
    const ssize_t got = ::recv(fd_.Get(), into, size, 0);
    if (got <= 0) return false;
    into += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

std::vector<std::string> RawClient::Receive() {
  std::vector<std::string> frames;
  for (;;) {
    unsigned char flags = 0;
    if (!ReceiveBytes(reinterpret_cast<char*>(&flags), 1)) return {};
    unsigned char size_bytes[8];
    const std::size_t count = (flags & kLong) != 0 ? 8 : 1;
    if (!ReceiveBytes(reinterpret_cast<char*>(size_bytes), count)) return {};
    std::uint64_t size = 0;
    for (std::size_t i = 0; i < count; ++i) size = size << 8U | size_bytes[i];
    if (size > (64U << 20U)) return {};
    std::string frame(size, '\0');
    if (!ReceiveBytes(frame.data(), frame.size())) return {};
    if ((flags & kCommand) != 0) continue;
    frames.push_back(std::move(frame));
    if ((flags & kMore) == 0) return frames;
  }
}

bool RawClient::IsClosed() {
  char byte = 0;
  const ssize_t got = ::recv(fd_.Get(), &byte, 1, 0);
  return got == 0 || (got < 0 && errno == ECONNRESET);
}

void RawClient::DoNotWait() { ::fcntl(fd_.Get(), F_SETFL, O_NONBLOCK); }

}  // namespace cmdsrv::test
