#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "base/result.hpp"
#include "gateway/http_message.hpp"
#include "gateway/loop.hpp"

struct MHD_Connection;
struct MHD_Daemon;
struct MHD_Response;

namespace cmdsrv::gateway {

struct HttpLimits {
  std::size_t body_bytes = 1U << 20U;
  std::string large_path = {};  ///< of requests that may have a larger body
  std::size_t large_bytes = 0;
  std::size_t header_value_bytes = 4096;
  std::size_t connections = 256;
  std::size_t streams = 1024;                     ///< further connections, for bodies that do not end
  std::size_t requests = 64;                      ///< with a body, at the same time
  std::size_t bodies_bytes = 16U << 20U;          ///< of all requests together
  std::chrono::milliseconds for_headers{30'000};  ///< from the start of the connection, or the end of a request
  std::chrono::milliseconds for_body{60'000};
  std::chrono::milliseconds for_reply{120'000};  ///< until the client has taken it
};

/// HTTP/1.1 by libmicrohttpd, driven by the loop: no thread of its own, no thread per request. What breaks HTTP's rules
/// or the limits is answered here; the handler sees whole requests only. Thread of the loop.
class HttpServer {
 public:
  using Handler = std::function<void(HttpRequest, Reply)>;

  /// Takes over the listening socket `fd`. `proxied`: the header X-Real-IP says who the client is.
  static Result<std::unique_ptr<HttpServer>> Start(Loop& loop, int fd, bool proxied, Handler handler,
                                                   const HttpLimits& limits = {});
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  /// Requests that still wait for their answer lose their connection.
  ~HttpServer();

  /// Takes no more connections, and calls `done` once when the last request has been answered or `grace` is over.
  void Finish(std::chrono::milliseconds grace, std::function<void()> done);

 private:
  struct Peer;
  struct Exchange;
  struct Callbacks;

  HttpServer(Loop& loop, bool proxied, Handler handler, const HttpLimits& limits);
  Exchange& Begin(MHD_Connection* connection, const char* path, const char* method);
  int Continue(Exchange& exchange, const char* data, std::size_t* size);
  void Judge(Exchange& exchange);
  int Dispatch(Exchange& exchange);
  void Take(Exchange& exchange, HttpResponse response);
  int Queue(Exchange& exchange);
  static MHD_Response* ResponseOf(Exchange& exchange);
  void End(MHD_Connection* connection, Exchange* exchange);
  void CheckFinished();
  std::ptrdiff_t Read(Exchange& exchange, char* into, std::size_t most);
  void Resume(Exchange& exchange);
  void Opened(MHD_Connection* connection, void** context);
  void Closed(void** context);
  void SetDeadline(MHD_Connection* connection, std::chrono::milliseconds from_now);
  std::string ClientOf(const Exchange& exchange) const;

  Loop& loop_;
  const bool proxied_;
  const Handler handler_;
  const HttpLimits limits_;
  MHD_Daemon* daemon_ = nullptr;
  std::unordered_map<Exchange*, std::shared_ptr<Exchange>> exchanges_;
  bool resumed_ = false;  ///< since MHD has last run
  std::size_t bodies_ = 0, bodies_bytes_ = 0;
  std::function<void()> finished_;
};

}  // namespace cmdsrv::gateway
