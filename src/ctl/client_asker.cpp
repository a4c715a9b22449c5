#include "ctl/client_asker.hpp"

namespace cmdsrv::ctl {

Result<std::string> ClientAsker::Ask(std::string_view command, std::chrono::milliseconds deadline) {
  if (!client_) {
    auto client = Client::Connect(socket_);
    if (!client) return Failure(std::move(client.error()));
    client_ = std::move(*client);
  }
  return client_->Ask(command, deadline);
}

Result<std::string> ClientAsker::WaitOn(std::chrono::milliseconds deadline) {
  if (!client_) return Fail(ErrorCode::Internal, "cannot wait on: nothing was asked");
  return client_->WaitOn(deadline);
}

}  // namespace cmdsrv::ctl
