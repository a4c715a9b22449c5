#include "support/ask.hpp"

#include <zmq.hpp>

namespace cmdsrv::test {

Result<std::string> AskText(const std::string& socket, std::string_view command, milliseconds deadline) try {
  zmq::context_t context(1);
  zmq::socket_t dealer(context, zmq::socket_type::dealer);
  dealer.set(zmq::sockopt::linger, 0);
  dealer.set(zmq::sockopt::rcvtimeo, static_cast<int>(Patiently(deadline).count()));
  dealer.connect("ipc://" + socket);
  dealer.send(zmq::buffer(command), zmq::send_flags::none);
  zmq::message_t reply;
  if (!dealer.recv(reply, zmq::recv_flags::none)) {
    return Fail(ErrorCode::Timeout, "no reply to {} within {} ms", command, Patiently(deadline).count());
  }
  if (reply.more()) return Fail(ErrorCode::Corrupt, "the reply to {} has more than one frame", command);
  return reply.to_string();
} catch (const zmq::error_t& failure) {
  return Fail(ErrorCode::Io, "cannot ask {} at {}: {}", command, socket, failure.what());
}

Result<json::value> Ask(const std::string& socket, std::string_view command, milliseconds deadline) {
  const auto text = AskText(socket, command, deadline);
  if (!text) return Failure(text.error());
  return ParseJson(*text);
}

}  // namespace cmdsrv::test
