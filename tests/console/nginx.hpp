#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace cmdsrv::test {

/// A real nginx in front of a gateway at `<root>/run/iiab-admin/gateway.sock`, with the configuration that is shipped
/// (but for that path), on a port of its own for HTTP and one for HTTPS. `/admin/` are the files of `<root>/www`. It
/// ends with the object.
class Nginx {
 public:
  explicit Nginx(const std::string& root);
  Nginx(const Nginx&) = delete;
  Nginx& operator=(const Nginx&) = delete;
  ~Nginx();

  std::uint16_t Port() const { return port_; }
  std::uint16_t SecurePort() const { return secure_port_; }
  std::string Printed() const;

 private:
  std::string root_;
  pid_t pid_ = 0;
  std::uint16_t port_ = 0, secure_port_ = 0;
};

/// "unix:<root>/run/iiab-admin/gateway.sock", for GatewayProcess.
std::string SocketForNginx(const std::string& root);

}  // namespace cmdsrv::test
