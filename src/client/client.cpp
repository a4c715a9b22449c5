#include "client/client.hpp"

#include "client/connection.hpp"
#include "protocol/command.hpp"

namespace cmdsrv {

using std::chrono::milliseconds;

Client::Client(std::string path, std::unique_ptr<Connection> connection)
    : path_(std::move(path)), connection_(std::move(connection)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

Result<Client> Client::Connect(const std::string& socket_path) {
  auto connection = Connection::Open(socket_path);
  if (!connection) return Failure(std::move(connection.error()));
  return Client(socket_path, std::move(*connection));
}

Result<std::string> Client::Ask(std::string_view command, milliseconds deadline) {
  if (!connection_ || reply_owed_) {
    auto fresh = Connect(path_);
    if (!fresh) return Failure(std::move(fresh.error()));
    *this = std::move(*fresh);
  }
  try {
    connection_->Send(command);
  } catch (const zmq::error_t& error) {
    connection_.reset();
    return Fail(ErrorCode::Io, "cannot send to the Command Server at {}: {}", path_, error.what());
  }
  reply_owed_ = true;
  asked_bytes_ = command.size();
  return WaitOn(deadline);
}

Result<std::string> Client::WaitOn(milliseconds deadline) {
  if (!connection_ || !reply_owed_) return Fail(ErrorCode::Internal, "nothing was asked of {}", path_);
  const auto until = std::chrono::steady_clock::now() + deadline;
  try {
    for (;;) {
      const auto news = connection_->Wait(until);
      if (news == Connection::News::Nothing) {
        return Fail(ErrorCode::Timeout, "the Command Server did not answer within {} ms", deadline.count());
      }
      if (auto reply = connection_->Take()) {
        reply_owed_ = false;
        return std::move(*reply);
      }
      if (news == Connection::News::Gone) break;
    }
  } catch (const zmq::error_t& error) {
    connection_.reset();
    return Fail(ErrorCode::Io, "cannot receive from the Command Server at {}: {}", path_, error.what());
  }
  connection_.reset();
  if (asked_bytes_ > kMaxCommandBytes) {
    return Fail(ErrorCode::Unavailable,
                "the Command Server at {} closed the connection: the Command has {} bytes, and it takes at most {}, "
                "unless max_command_bytes says more",
                path_, asked_bytes_, kMaxCommandBytes);
  }
  return Fail(ErrorCode::Unavailable, "the Command Server at {} went away before it answered", path_);
}

}  // namespace cmdsrv
