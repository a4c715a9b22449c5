#include "console/nginx.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>

#include "console/console.hpp"
#include "platform/unique_fd.hpp"
#include "support/files.hpp"
#include "support/run.hpp"

namespace cmdsrv::test {
namespace {

constexpr const char* kShippedSocket = "/run/iiab-admin/gateway.sock";

/// Listens at a port that the kernel chooses; nginx takes the socket over, so that nobody else can get the port.
UniqueFd ListenAnywhere(std::uint16_t& port) {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  if (::bind(fd.Get(), reinterpret_cast<const sockaddr*>(&address), length) != 0 || ::listen(fd.Get(), 128) != 0 ||
      ::getsockname(fd.Get(), reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    throw std::runtime_error("cannot listen for nginx");
  }
  port = ntohs(address.sin_port);
  return fd;
}

std::string Shipped(const std::string& root) {
  std::string text = OrThrow(ReadText(CMDSRV_SOURCE_DIR "/packaging/nginx/iiab-cmd-service.conf"));
  for (std::size_t at = 0; (at = text.find(kShippedSocket, at)) != std::string::npos; at += root.size() + 10) {
    text.insert(at, root);
  }
  return text;
}

std::string Configuration(const std::string& root, std::uint16_t port, std::uint16_t secure_port) {
  return fmt::format(R"(daemon off;
worker_processes 1;
{1}pid {0}/run/nginx/pid;
error_log {0}/run/nginx/error.log info;
events {{ worker_connections 512; }}
http {{
    types {{ text/html html; text/javascript js; }}
    access_log {0}/run/nginx/access.log;
    client_body_temp_path {0}/run/nginx/body;
    proxy_temp_path {0}/run/nginx/proxy;
    fastcgi_temp_path {0}/run/nginx/fastcgi;
    uwsgi_temp_path {0}/run/nginx/uwsgi;
    scgi_temp_path {0}/run/nginx/scgi;
    gzip on;
    gzip_types text/event-stream application/json;
    server {{
        listen 127.0.0.1:{2};
        listen 127.0.0.1:{3} ssl;
        ssl_certificate {0}/run/nginx/cert.pem;
        ssl_certificate_key {0}/run/nginx/key.pem;
        location /admin/ {{ alias {0}/www/; }}
        include {0}/run/nginx/shipped.conf;
    }}
}}
)",
                     root, ::geteuid() == 0 ? "user root;\n" : "", port, secure_port);
}

}  // namespace

std::string SocketForNginx(const std::string& root) { return "unix:" + root + kShippedSocket; }

Nginx::Nginx(const std::string& root) : root_(root) {
  const std::string home = root + "/run/nginx";
  OrThrow(MakeDirs(home));
  OrThrow(MakeDirs(root + "/www"));
  const UniqueFd plain = ListenAnywhere(port_), secure = ListenAnywhere(secure_port_);
  OrThrow(WriteText(home + "/shipped.conf", Shipped(root)));
  OrThrow(WriteText(home + "/nginx.conf", Configuration(root, port_, secure_port_)));
  const RunEnd made =
      RunTool({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
               "/CN=box", "-days", "2", "-keyout", home + "/key.pem", "-out", home + "/cert.pem"});
  if (made.status != 0) throw std::runtime_error("cannot make a certificate: " + made.output);
  // As when nginx replaces itself: it takes over the sockets that this variable names.
  const std::string inherited = fmt::format("NGINX={};{};", plain.Get(), secure.Get());
  const int output = ::open((home + "/output").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const std::string configuration = home + "/nginx.conf", log = home + "/error.log";
  pid_ = ::fork();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(output, 1);
    ::dup2(output, 2);
    const char* const environment[] = {inherited.c_str(), "PATH=/usr/sbin:/usr/bin", nullptr};
    const char* const arguments[] = {"nginx",      "-c", configuration.c_str(), "-p",
                                     home.c_str(), "-e", log.c_str(),           nullptr};
    ::execve("/usr/sbin/nginx", const_cast<char* const*>(arguments), const_cast<char* const*>(environment));
    ::_exit(127);
  }
  ::close(output);
  const auto answers = [&] { return Http(port_, "GET", "/nothing").status == 404 || ::kill(pid_, 0) != 0; };
  if (!WaitUntil(answers, seconds(30))) throw std::runtime_error("nginx does not start: " + Printed());
}

Nginx::~Nginx() {
  ::kill(pid_, SIGTERM);
  const bool ended = WaitUntil([&] { return ::waitpid(pid_, nullptr, WNOHANG) == pid_; }, seconds(20));
  if (ended) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

std::string Nginx::Printed() const {
  return ReadText(root_ + "/run/nginx/output").value_or("") + ReadText(root_ + "/run/nginx/error.log").value_or("");
}

}  // namespace cmdsrv::test
