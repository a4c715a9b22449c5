#include "server/workers.hpp"

#include <gtest/gtest.h>
#include <poll.h>

#include <stdexcept>

namespace cmdsrv {
namespace {

Executed Echo(const Request& request) {
  if (request.text == "THROW") throw std::runtime_error("a bug");
  if (request.text == "ODD {}") throw 42;
  return {"did " + request.text, std::chrono::milliseconds(request.text == "WAIT" ? 7 : 0)};
}

/// Takes replies until the workers have ended.
std::vector<Reply> Collect(ReplyBox& box, const Workers& workers) {
  std::vector<Reply> all;
  std::vector<Reply> some;
  for (bool last = false;;) {
    box.Take(some);
    all.insert(all.end(), some.begin(), some.end());
    if (last) return all;
    last = workers.AllEnded();
    pollfd item{box.Descriptor(), POLLIN, 0};
    if (!last && ::poll(&item, 1, 10'000) != 1) {
      ADD_FAILURE() << "the box was not woken";
      return all;
    }
  }
}

TEST(Workers, OneReplyForEachWhateverHappens) {
  RequestQueue queue(10);
  const auto box = ReplyBox::Make().value();
  Workers workers(queue, *box, Echo, 2, 1);
  std::vector<Request> batch;
  for (const char* text : {"TEST", "THROW", "ODD {}", "WAIT", "throw"})
    batch.push_back({{text, true}, {}, Lane::Quick, text});
  queue.Push(batch);
  queue.Close();
  const auto replies = Collect(*box, workers);
  ASSERT_EQ(replies.size(), 5U);
  for (const Reply& reply : replies) {
    EXPECT_TRUE(reply.to.delimiter);
    if (reply.to.identity == "THROW") {
      EXPECT_EQ(reply.text, R"({"Error": "Unexpected error in Command THROW"})");
    } else if (reply.to.identity == "ODD {}") {
      EXPECT_EQ(reply.text, R"({"Error": "Unexpected error in Command ODD"})");
    } else {
      EXPECT_EQ(reply.text, "did " + reply.to.identity);
    }
    EXPECT_EQ(reply.delay.count(), reply.to.identity == "WAIT" ? 7 : 0);
  }
}

TEST(Workers, EndWakesTheRouterEvenWithoutWork) {
  RequestQueue queue(10);
  const auto box = ReplyBox::Make().value();
  Workers workers(queue, *box, Echo, 3, 2);
  EXPECT_FALSE(workers.AllEnded());
  queue.Close();
  EXPECT_TRUE(Collect(*box, workers).empty());
  EXPECT_TRUE(workers.AllEnded());
}

}  // namespace
}  // namespace cmdsrv
