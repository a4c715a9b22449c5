#pragma once

#include <optional>
#include <string>

#include "client/client.hpp"
#include "ctl/asker.hpp"

namespace cmdsrv::ctl {

/// Asks the server behind a socket; connects with the first question.
class ClientAsker final : public Asker {
 public:
  explicit ClientAsker(std::string socket) : socket_(std::move(socket)) {}
  Result<std::string> Ask(std::string_view command, std::chrono::milliseconds deadline) override;
  Result<std::string> WaitOn(std::chrono::milliseconds deadline) override;

 private:
  std::string socket_;
  std::optional<Client> client_;
};

}  // namespace cmdsrv::ctl
