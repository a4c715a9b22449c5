// Bytes of a client at the gateway's HTTP server: what reaches the handler is one whole request without ambiguity.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <future>
#include <thread>

#include "base/text.hpp"
#include "gateway/http_server.hpp"
#include "gateway/listen_socket.hpp"
#include "target.hpp"

using namespace cmdsrv;
using namespace cmdsrv::gateway;

namespace {

const HttpLimits kLimits{
    .body_bytes = 2000, .for_headers = std::chrono::seconds(5), .for_body = std::chrono::seconds(5)};

void Look(const HttpRequest& request) {
  const auto count = [&](std::string_view name) {
    return std::ranges::count_if(request.headers, [&](const auto& header) { return IsSameName(header.first, name); });
  };
  FUZZ_CHECK(!request.method.empty());
  FUZZ_CHECK(count("Content-Length") <= 1 && count("Transfer-Encoding") == 0 && count("Host") <= 1);
  const auto length = ToInteger(request.Header("Content-Length").value_or("0"));
  FUZZ_CHECK(length && *length >= 0 && request.body.size() == static_cast<std::size_t>(*length));
  FUZZ_CHECK(request.body.size() <= kLimits.body_bytes);
  for (const auto& [name, value] : request.headers) {
    FUZZ_CHECK(name.find_first_of(" \t\r\n:") == std::string::npos && value.find_first_of("\r\n") == std::string::npos);
    FUZZ_CHECK(value.size() <= kLimits.header_value_bytes);
  }
  (void)request.IsFromOwnPage();
}

/// The server with a thread of its own, as long as the program runs.
class Running {
 public:
  Running() {
    const auto listening = Listen("127.0.0.1:0").value();
    port_ = static_cast<std::uint16_t>(std::stoi(listening.address.substr(listening.address.rfind(':') + 1)));
    server_ = HttpServer::Start(
                  *loop_, listening.fd, true,
                  [](HttpRequest request, const Reply& reply) {
                    Look(request);
                    reply({.body = std::move(request.body)});
                  },
                  kLimits)
                  .value();
    thread_ = std::thread([this] { loop_->Run(); });
  }
  ~Running() {
    loop_->Post([this] { loop_->Stop(); });
    thread_.join();
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  void Feed(std::string_view bytes) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port_);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    FUZZ_CHECK(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    (void)::send(fd, bytes.data(), std::min<std::size_t>(bytes.size(), 50'000), MSG_NOSIGNAL | MSG_DONTWAIT);
    for (int i = 0; i < 6; ++i) Round();
    const linger at_once{1, 0};  // no port waits for its end
    ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ::close(fd);
  }

 private:
  /// The loop has gone round once.
  void Round() {
    std::promise<void> done;
    loop_->Post([&] { done.set_value(); });
    done.get_future().wait();
  }
  std::unique_ptr<Loop> loop_ = Loop::Make().value();
  std::unique_ptr<HttpServer> server_;
  std::thread thread_;
  std::uint16_t port_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Running running;
  running.Feed(AsText(data, size));
  return 0;
}
