#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "platform/unique_fd.hpp"
#include "server/peer.hpp"
#include "server/request.hpp"

namespace cmdsrv {

/// The ROUTER socket, without anything that is decided about messages. One thread.
class RouterSocket {
 public:
  /// Serves an already listening unix socket (see ListenAt) under its path. Messages longer than `max_message_bytes`
  /// cost their sender the connection.
  static Result<std::unique_ptr<RouterSocket>> Serve(UniqueFd listening, const std::string& path,
                                                     std::size_t max_message_bytes);
  virtual ~RouterSocket() = default;

  /// One message. The texts live until the next Receive.
  struct Message {
    std::string_view identity;
    std::optional<Peer> peer;              ///< none: libzmq did not say, so nobody to trust
    std::array<std::string_view, 3> kept;  ///< the first frames after the identity
    std::size_t frame_count = 0;           ///< all of them
    std::size_t bytes = 0;                 ///< of all of them
    std::span<const std::string_view> Frames() const {
      return std::span(kept).first(std::min(frame_count, kept.size()));
    }
  };

  /// Empty when no message waits.
  virtual std::optional<Message> Receive() = 0;

  enum class Sent {
    Yes,
    Gone,  ///< the client is not there any more: not an error
    Full,  ///< it does not read, and its share of the memory is used up; nothing was sent
  };
  /// The text is taken, so that a long one is not copied, unless it says Full.
  virtual Sent Send(const Address& to, std::string&& text) = 0;

  /// Waits until a message can be received or one of `descriptors` (at most 4) is readable. `timeout` empty: for ever.
  /// Bit i of the answer is set when descriptors[i] is readable.
  virtual unsigned Wait(std::span<const int> descriptors, std::optional<std::chrono::milliseconds> timeout) = 0;

  /// Gives replies at most `linger` to leave, then closes for good.
  virtual void Close(std::chrono::milliseconds linger) = 0;
};

}  // namespace cmdsrv
