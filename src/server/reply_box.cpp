#include "server/reply_box.hpp"

#include <sys/eventfd.h>

#include <cerrno>

namespace cmdsrv {

Result<std::unique_ptr<ReplyBox>> ReplyBox::Make() {
  UniqueFd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake) return FailFromErrno(errno, "make an eventfd");
  return std::unique_ptr<ReplyBox>(new ReplyBox(std::move(wake)));
}

void ReplyBox::Post(Reply reply) {
  bool first = false;
  {
    const std::scoped_lock lock(mutex_);
    first = replies_.empty();
    replies_.push_back(std::move(reply));
  }
  if (first) Wake();  // otherwise the router has been woken already and will find this one too
}

void ReplyBox::Wake() {
  // Cannot fail but for a counter at its limit, and then the descriptor is readable anyway.
  (void)::eventfd_write(wake_.Get(), 1);
}

void ReplyBox::Take(std::vector<Reply>& into) {
  into.clear();
  eventfd_t count = 0;
  (void)::eventfd_read(wake_.Get(), &count);  // before the exchange: a reply that comes now wakes again
  const std::scoped_lock lock(mutex_);
  replies_.swap(into);
}

}  // namespace cmdsrv
