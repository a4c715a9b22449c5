#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "base/result.hpp"
#include "platform/unique_fd.hpp"
#include "server/request.hpp"

namespace cmdsrv {

/// Where workers leave their replies for the router, which alone may touch the socket. One wake serves a whole batch.
class ReplyBox {
 public:
  static Result<std::unique_ptr<ReplyBox>> Make();

  /// Any thread.
  void Post(Reply reply);
  /// Wakes the router without a reply: something about the workers has changed. Any thread.
  void Wake();

  /// Readable when there is something to take. For the router only, like Take.
  int Descriptor() const { return wake_.Get(); }
  /// Exchanges the posted replies for the contents of `into`, which is cleared first.
  void Take(std::vector<Reply>& into);

 private:
  explicit ReplyBox(UniqueFd wake) : wake_(std::move(wake)) {}

  UniqueFd wake_;
  std::mutex mutex_;
  std::vector<Reply> replies_;
};

}  // namespace cmdsrv
