#include "gateway/http_server.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdarg>
#include <cstring>
#include <utility>

#include "base/text.hpp"
#include "gateway/request_framing.hpp"

namespace cmdsrv::gateway {

using std::chrono::milliseconds;

namespace {
constexpr std::size_t kPieceBytes = 1024;  // of a stream, for clients of HTTP/1.0
}  // namespace

/// A connection.
struct HttpServer::Peer {
  int fd = -1;
  std::string address;
  std::optional<Loop::TimerId> deadline;
};

/// A request and its answer.
struct HttpServer::Exchange {
  HttpServer* server = nullptr;
  MHD_Connection* connection = nullptr;
  HttpRequest request;
  std::size_t body_bytes = 0;  ///< as declared
  int refusal = 0;             ///< status; the body is thrown away then
  bool refuse_now = false;     ///< without waiting for the body; the connection ends
  bool has_body = false;       ///< counts as one of the requests
  bool dispatched = false, suspended = false, answered = false;
  HttpResponse response;
  std::shared_ptr<const std::string> piece;  ///< of the stream, being sent
  std::size_t sent = 0;                      ///< of the piece
};

namespace {

std::string AddressText(MHD_Connection* connection) {
  const auto* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
  if (info == nullptr || info->client_addr == nullptr) return "local";
  char text[INET6_ADDRSTRLEN] = {};
  if (info->client_addr->sa_family == AF_INET) {
    const auto* address = reinterpret_cast<const sockaddr_in*>(info->client_addr);
    inet_ntop(AF_INET, &address->sin_addr, text, sizeof text);
  } else if (info->client_addr->sa_family == AF_INET6) {
    const auto* address = reinterpret_cast<const sockaddr_in6*>(info->client_addr);
    inet_ntop(AF_INET6, &address->sin6_addr, text, sizeof text);
  }
  return text[0] == '\0' ? "local" : text;
}

std::string ServerAddress(int fd) {
  sockaddr_in own{};
  socklen_t length = sizeof own;
  char text[INET_ADDRSTRLEN] = {};
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&own), &length) != 0 || own.sin_family != AF_INET) return {};
  return inet_ntop(AF_INET, &own.sin_addr, text, sizeof text) == nullptr ? "" : text;
}

/// What every answer says, unless the handler has said otherwise.
void AddUsualHeaders(HttpResponse& response) {
  const auto add = [&](std::string_view name, std::string_view value) {
    const bool said = std::ranges::any_of(response.headers, [&](const auto& header) { return header.first == name; });
    if (!said) response.headers.emplace_back(name, value);
  };
  add("Content-Type", response.type);
  add("X-Content-Type-Options", "nosniff");
  add("Cache-Control", "no-store");
  // No answer is a page: nothing in it runs, and no page of another site may show it in a frame.
  add("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  add("X-Frame-Options", "DENY");
  add("Cross-Origin-Resource-Policy", "same-origin");
}

}  // namespace

/// libmicrohttpd calls plain functions.
struct HttpServer::Callbacks {
  static MHD_Result Access(void* self, MHD_Connection* connection, const char* path, const char* method, const char*,
                           const char* data, std::size_t* size, void** context) {
    auto& server = *static_cast<HttpServer*>(self);
    if (*context != nullptr) {
      return static_cast<MHD_Result>(server.Continue(*static_cast<Exchange*>(*context), data, size));
    }
    Exchange& exchange = server.Begin(connection, path, method);
    *context = &exchange;
    return exchange.refuse_now ? static_cast<MHD_Result>(server.Queue(exchange)) : MHD_YES;
  }
  static void Completed(void* self, MHD_Connection* connection, void** context, MHD_RequestTerminationCode) {
    if (*context != nullptr) static_cast<HttpServer*>(self)->End(connection, static_cast<Exchange*>(*context));
    *context = nullptr;
  }
  static void Notify(void* self, MHD_Connection* connection, void** context, MHD_ConnectionNotificationCode what) {
    auto& server = *static_cast<HttpServer*>(self);
    what == MHD_CONNECTION_NOTIFY_STARTED ? server.Opened(connection, context) : server.Closed(context);
  }
  static MHD_Result Header(void* request, MHD_ValueKind, const char* name, const char* value) {
    static_cast<HttpRequest*>(request)->headers.emplace_back(name, value == nullptr ? "" : value);
    return MHD_YES;
  }
  static ssize_t Read(void* exchange, std::uint64_t, char* into, std::size_t most) {
    auto& of = *static_cast<Exchange*>(exchange);
    return of.server->Read(of, into, most);
  }
  /// Paths are compared and opened as they were sent; whoever needs them decoded does it in one place.
  static std::size_t KeepEscapes(void*, MHD_Connection*, char* text) { return std::strlen(text); }
  /// What a client does wrong is its own affair, and no line of our log.
  static void KeepSilent(void*, const char*, va_list) {}
};

HttpServer::HttpServer(Loop& loop, bool proxied, Handler handler, const HttpLimits& limits)
    : loop_(loop), proxied_(proxied), handler_(std::move(handler)), limits_(limits) {}

Result<std::unique_ptr<HttpServer>> HttpServer::Start(Loop& loop, int fd, bool proxied, Handler handler,
                                                      const HttpLimits& limits) {
  std::unique_ptr<HttpServer> server(new HttpServer(loop, proxied, std::move(handler), limits));
  MHD_Daemon* daemon = MHD_start_daemon(
      MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, nullptr, nullptr, &Callbacks::Access,
      server.get(), MHD_OPTION_EXTERNAL_LOGGER, &Callbacks::KeepSilent, nullptr, MHD_OPTION_LISTEN_SOCKET, fd,
      MHD_OPTION_CONNECTION_LIMIT, static_cast<unsigned>(limits.connections + limits.streams),
      MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_UNESCAPE_CALLBACK, &Callbacks::KeepEscapes, nullptr,
      MHD_OPTION_NOTIFY_COMPLETED, &Callbacks::Completed, server.get(), MHD_OPTION_NOTIFY_CONNECTION,
      &Callbacks::Notify, server.get(), MHD_OPTION_END);
  if (daemon == nullptr) return Fail(ErrorCode::Io, "cannot start the HTTP server");
  server->daemon_ = daemon;
  const auto* info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
  if (info == nullptr) return Fail(ErrorCode::Io, "the HTTP library cannot use epoll");
  if (auto watched = loop.Watch(info->epoll_fd, [] {}); !watched) return Failure(watched.error());
  loop.BeforeWait([daemon, &resumed = server->resumed_] {
    resumed = false;
    MHD_run(daemon);
    // What is resumed while MHD runs, by the request of another connection, waits for its next run.
    if (resumed) return milliseconds(0);
    MHD_UNSIGNED_LONG_LONG timeout = 0;
    if (MHD_get_timeout(daemon, &timeout) != MHD_YES) return milliseconds(-1);
    return milliseconds(std::min<MHD_UNSIGNED_LONG_LONG>(timeout, 60'000));
  });
  return server;
}

HttpServer::~HttpServer() {
  if (daemon_ == nullptr) return;
  loop_.BeforeWait(nullptr);
  for (const auto& [key, exchange] : exchanges_) {
    if (exchange->response.stream) exchange->response.stream->OnWake(nullptr);
    Resume(*exchange);
  }
  MHD_stop_daemon(daemon_);
}

void HttpServer::Opened(MHD_Connection* connection, void** context) {
  auto peer = std::make_unique<Peer>();
  peer->fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
  peer->address = AddressText(connection);
  *context = peer.release();
  SetDeadline(connection, limits_.for_headers);
}

void HttpServer::Closed(void** context) {
  const std::unique_ptr<Peer> peer(static_cast<Peer*>(*context));
  *context = nullptr;
  if (peer && peer->deadline) loop_.Cancel(*peer->deadline);
}

/// Ends the connection then, whatever it is doing: bytes that trickle in do not count. Negative: no deadline.
void HttpServer::SetDeadline(MHD_Connection* connection, milliseconds from_now) {
  const auto* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
  auto* peer = info == nullptr ? nullptr : static_cast<Peer*>(info->socket_context);
  if (peer == nullptr) return;
  if (peer->deadline) loop_.Cancel(*peer->deadline);
  peer->deadline.reset();
  if (from_now.count() < 0) return;
  peer->deadline = loop_.Start(from_now, [peer] {
    peer->deadline.reset();
    ::shutdown(peer->fd, SHUT_RDWR);  // MHD owns the descriptor, sees its end and closes it
  });
}

std::string HttpServer::ClientOf(const Exchange& exchange) const {
  const auto* info = MHD_get_connection_info(exchange.connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
  const auto* peer = info == nullptr ? nullptr : static_cast<const Peer*>(info->socket_context);
  if (proxied_) {
    if (const auto real = exchange.request.Header("X-Real-IP")) return PrintableAscii(*real, INET6_ADDRSTRLEN);
  }
  return peer == nullptr ? "local" : peer->address;
}

HttpServer::Exchange& HttpServer::Begin(MHD_Connection* connection, const char* path, const char* method) {
  auto owned = std::make_shared<Exchange>();
  Exchange& exchange = *owned;
  exchanges_.emplace(&exchange, std::move(owned));
  exchange.server = this;
  exchange.connection = connection;
  exchange.request.path = path;
  exchange.request.method = method;
  MHD_get_connection_values(connection, MHD_HEADER_KIND, &Callbacks::Header, &exchange.request);
  exchange.request.client = ClientOf(exchange);
  exchange.request.secure = proxied_ && exchange.request.Header("X-Forwarded-Proto") == "https";
  Judge(exchange);
  SetDeadline(connection, limits_.for_body);
  return exchange;
}

/// What can be said before the body has come.
void HttpServer::Judge(Exchange& exchange) {
  const bool large = !limits_.large_path.empty() && exchange.request.path == limits_.large_path;
  const std::size_t most = large ? limits_.large_bytes : limits_.body_bytes;
  const RequestFraming framing = JudgeFraming(exchange.request, most, limits_.header_value_bytes);
  const auto refuse = [&](int status, bool now) {
    exchange.refusal = status;
    exchange.refuse_now = now;
    exchange.response = Refusal(status);
  };
  if (framing.refusal != 0) return refuse(framing.refusal, true);
  if (framing.body_bytes == 0) return;
  exchange.body_bytes = framing.body_bytes;
  exchange.has_body = true;
  ++bodies_;
  bodies_bytes_ += framing.body_bytes;
  if (bodies_ > limits_.requests || bodies_bytes_ > limits_.bodies_bytes || finished_) refuse(503, false);
}

int HttpServer::Continue(Exchange& exchange, const char* data, std::size_t* size) {
  if (*size > 0) {
    if (exchange.refusal == 0) exchange.request.body.append(data, *size);
    *size = 0;
    return MHD_YES;
  }
  if (exchange.refusal != 0 || exchange.answered) return Queue(exchange);
  return exchange.dispatched ? MHD_YES : Dispatch(exchange);
}

int HttpServer::Dispatch(Exchange& exchange) {
  exchange.dispatched = true;
  const auto* info = MHD_get_connection_info(exchange.connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  // The header is the word of the proxy that is trusted, and of nobody else.
  const auto told = proxied_ ? exchange.request.Header("X-Server-Addr") : std::nullopt;
  exchange.request.server = told ? PrintableAscii(*told, INET6_ADDRSTRLEN) : ServerAddress(info->connect_fd);
  const std::weak_ptr<Exchange> weak = exchanges_.at(&exchange);
  handler_(std::move(exchange.request), [this, weak](HttpResponse response) {
    if (const auto alive = weak.lock()) Take(*alive, std::move(response));
  });
  if (exchange.answered) return Queue(exchange);
  exchange.suspended = true;
  SetDeadline(exchange.connection, milliseconds(-1));
  MHD_suspend_connection(exchange.connection);
  return MHD_YES;
}

void HttpServer::Take(Exchange& exchange, HttpResponse response) {
  if (exchange.answered) return;
  exchange.answered = true;
  exchange.response = std::move(response);
  Resume(exchange);
}

void HttpServer::Resume(Exchange& exchange) {
  if (!std::exchange(exchange.suspended, false)) return;
  resumed_ = true;
  MHD_resume_connection(exchange.connection);
}

/// The next bytes of a stream. A connection that has to wait for them rests, so that it costs nothing.
std::ptrdiff_t HttpServer::Read(Exchange& exchange, char* into, std::size_t most) {
  BodyStream& stream = *exchange.response.stream;
  if (!exchange.piece) {
    if (!stream.HasEnded()) exchange.piece = stream.Next();
    if (!exchange.piece) {
      if (stream.HasEnded()) return MHD_CONTENT_READER_END_OF_STREAM;
      SetDeadline(exchange.connection, milliseconds(-1));
      exchange.suspended = true;
      MHD_suspend_connection(exchange.connection);
      return 0;
    }
    exchange.sent = 0;
    SetDeadline(exchange.connection, limits_.for_reply);  // who does not take it, does not listen
  }
  const std::size_t count = exchange.piece->copy(into, most, exchange.sent);
  exchange.sent += count;
  if (exchange.sent == exchange.piece->size()) exchange.piece = nullptr;
  return static_cast<std::ptrdiff_t>(count);
}

MHD_Response* HttpServer::ResponseOf(Exchange& exchange) {
  HttpResponse& response = exchange.response;
  if (response.stream) {
    return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, kPieceBytes, &Callbacks::Read, &exchange, nullptr);
  }
  if (!response.file) {
    return MHD_create_response_from_buffer(response.body.size(), response.body.data(), MHD_RESPMEM_MUST_COPY);
  }
  const int fd = ::fcntl(response.file->Get(), F_DUPFD_CLOEXEC, 0);  // MHD closes its own
  if (fd < 0) return nullptr;
  MHD_Response* queued = MHD_create_response_from_fd64(response.file_bytes, fd);
  if (queued == nullptr) ::close(fd);
  return queued;
}

int HttpServer::Queue(Exchange& exchange) {
  HttpResponse& response = exchange.response;
  if (response.stream) {
    response.stream->OnWake([this, &exchange] { Resume(exchange); });
    if (finished_) response.stream->End();
  }
  MHD_Response* queued = ResponseOf(exchange);
  if (queued == nullptr) return MHD_NO;
  AddUsualHeaders(response);
  if (exchange.refuse_now) response.headers.emplace_back("Connection", "close");
  for (const auto& [name, value] : response.headers) MHD_add_response_header(queued, name.c_str(), value.c_str());
  SetDeadline(exchange.connection, limits_.for_reply);
  const int done = MHD_queue_response(exchange.connection, static_cast<unsigned>(response.status), queued);
  MHD_destroy_response(queued);
  return done;
}

void HttpServer::End(MHD_Connection* connection, Exchange* exchange) {
  if (exchange->has_body) {
    --bodies_;
    bodies_bytes_ -= exchange->body_bytes;
  }
  if (exchange->response.stream) exchange->response.stream->OnWake(nullptr);
  exchanges_.erase(exchange);
  SetDeadline(connection, limits_.for_headers);
  CheckFinished();
}

void HttpServer::Finish(milliseconds grace, std::function<void()> done) {
  finished_ = std::move(done);
  const MHD_socket listening = MHD_quiesce_daemon(daemon_);
  if (listening != MHD_INVALID_SOCKET) ::close(listening);
  for (const auto& [key, exchange] : exchanges_) {
    if (exchange->response.stream) exchange->response.stream->End();
  }
  loop_.After(grace, [this] {
    if (finished_) std::exchange(finished_, nullptr)();
  });
  CheckFinished();
}

void HttpServer::CheckFinished() {
  if (finished_ && exchanges_.empty()) std::exchange(finished_, nullptr)();
}

}  // namespace cmdsrv::gateway
