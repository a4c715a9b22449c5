#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "platform/unique_fd.hpp"
#include "support/daemon.hpp"

namespace cmdsrv::test {

/// A running `iiab-cmdsrv-gateway --root <root> --listen <listen>`; killed at the end.
class GatewayProcess {
 public:
  explicit GatewayProcess(const std::string& root, const std::string& listen = "127.0.0.1:0",
                          const std::vector<std::string>& more_arguments = {});
  GatewayProcess(const GatewayProcess&) = delete;
  GatewayProcess& operator=(const GatewayProcess&) = delete;
  ~GatewayProcess();

  std::uint16_t Port() const { return port_; }  ///< 0 on a unix socket
  pid_t Pid() const { return pid_; }
  std::string Printed() const;
  /// TERM and wait; the exit status, or -1 when it goes on.
  int Terminate();

 private:
  std::string output_file_;
  pid_t pid_ = 0;
  std::uint16_t port_ = 0;
};

struct HttpAnswer {
  int status = 0;  ///< 0: no answer
  std::string head, body;
};
using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

/// One request on a connection of its own.
HttpAnswer Http(std::uint16_t port, std::string_view method, std::string_view path, const HttpHeaders& headers = {},
                std::string_view body = {});

/// A request whose answer goes on and on.
class HttpStream {
 public:
  HttpStream(std::uint16_t port, std::string_view path, const HttpHeaders& headers);

  /// What has come from the end of the last reading on, until `text` was in it, or the server closes, or it has waited
  /// too long: then it ends in "(timeout)".
  std::string ReadUntil(std::string_view text);
  /// Everything until the server closes.
  std::string ReadAll() { return ReadUntil(""); }

 private:
  UniqueFd fd_;
  std::string got_;
};

/// Does what the console's JavaScript does, with libsodium in place of tweetnacl.
class Console {
 public:
  explicit Console(std::uint16_t port);

  std::string Nonce() const;
  /// The three headers for these credentials ("user:password").
  HttpHeaders Headers(std::string_view credentials, const std::string& nonce) const;
  /// Status of GET auth/login.
  int Login(std::string_view credentials) const;
  /// The whole answer of it, with headers that today's console does not send.
  HttpAnswer SignIn(std::string_view credentials, const HttpHeaders& more = {}) const;
  /// As Headers, with the token of a login in place of the password.
  HttpHeaders TokenHeaders(std::string_view token) const;
  /// POSTs a Command as the console does: blanks as %20, then percent-encoded.
  HttpAnswer Send(std::string_view command, std::string_view credentials) const;
  /// The same in a box, with the same nonce.
  HttpAnswer SendBoxed(std::string_view command, std::string_view credentials) const;
  /// base64 of the box of `text`.
  std::string Seal(std::string_view text, const std::string& nonce) const;
  /// The gateway was started again at another port; the page still has its keys.
  void MoveTo(std::uint16_t port) { port_ = port; }
  /// Fetches the gateway's key anew, as after a 403.
  void Initialise();

  static std::string Encoded(std::string_view text);  ///< encodeURIComponent
  static std::string WithoutBlanks(std::string_view text);

 private:
  std::uint16_t port_;
  std::string public_key_, secret_key_, server_key_;
};

/// Accounts for a box: iiab-admin (in sudo), guest (in no group), each with this password; root locked.
void MakeAccounts(const std::string& root, const std::string& password);

}  // namespace cmdsrv::test
