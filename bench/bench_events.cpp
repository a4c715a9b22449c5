// How soon many waiting clients learn of one change, and what their waiting costs, beside a bare ROUTER that sends the
// same reply to as many clients.
//   bench_events [--clients 200] [--rounds 20] [--seconds 20]
#include <fmt/format.h>

#include <thread>
#include <zmq.hpp>

#include "base/json.hpp"
#include "client/client.hpp"
#include "load.hpp"
#include "measure.hpp"
#include "support/test_box.hpp"

namespace cmdsrv::bench {
namespace {

/// Sockets that wait for a reply each.
class Crowd {
 public:
  Crowd(const std::string& socket, long size) {
    for (long i = 0; i < size; ++i) {
      auto& dealer = *dealers_.emplace_back(std::make_unique<zmq::socket_t>(context_, ZMQ_DEALER));
      dealer.set(zmq::sockopt::linger, 0);
      dealer.set(zmq::sockopt::rcvtimeo, 20'000);
      dealer.connect(socket);
    }
  }

  void Send(const std::string& command) {
    for (auto& dealer : dealers_) dealer->send(zmq::buffer(command), zmq::send_flags::none);
  }

  /// Milliseconds from `begin` to the first and to the last reply; the last reply's text.
  struct Replies {
    double first = 0;
    double last = 0;
    std::string text;
  };
  Replies Receive(SteadyClock::time_point begin) {
    Replies replies;
    for (std::size_t i = 0; i < dealers_.size(); ++i) {
      zmq::message_t reply;
      if (!dealers_[i]->recv(reply, zmq::recv_flags::none)) CannotMeasure("no reply came within 20 s");
      if (i == 0) replies.first = Since(begin);
      if (i + 1 == dealers_.size()) replies.text = reply.to_string();
    }
    replies.last = Since(begin);
    return replies;
  }

 private:
  zmq::context_t context_{1};
  std::vector<std::unique_ptr<zmq::socket_t>> dealers_;
};

std::string Ask(Client& client, const std::string& command) {
  auto reply = client.Ask(command, std::chrono::seconds{20});
  if (!reply) CannotMeasure(reply.error().message);
  return std::move(*reply);
}

std::int64_t MemberOf(const std::string& reply, std::string_view key) {
  const auto value = ParseJson(reply);
  if (!value || !value->is_object() || !value->get_object().contains(key)) CannotMeasure("a strange reply: " + reply);
  return value->at(key).to_number<std::int64_t>();
}

std::int64_t Latest(Client& client) { return MemberOf(Ask(client, "WAIT-EVENTS"), "seq"); }

/// The end of the round before is news too. The number after it.
std::int64_t WaitForQuiet(Client& client) {
  std::int64_t seq = Latest(client);
  for (;;) {
    const std::string reply = Ask(client, fmt::format(R"(WAIT-EVENTS {{"since": {}, "timeout": 0.3}})", seq));
    if (MemberOf(reply, "seq") == seq) return seq;
    seq = MemberOf(reply, "seq");
  }
}

void WaitUntilParked(Client& client, long clients) {
  const bool parked = test::WaitUntil(
      [&] {
        const auto stats = ParseJson(Ask(client, "GET-STATS"));
        return stats && stats->at("queues").at("waiting_clients").to_number<long>() == clients;
      },
      test::seconds(20));
  if (!parked) CannotMeasure("the clients are not all waiting after 20 s");
}

/// The limit: whoever waits is known, and the same bytes are sent to all.
double BareBroadcast(const std::string& path, long clients, std::size_t bytes, long rounds) {
  zmq::context_t context(1);
  zmq::socket_t router(context, ZMQ_ROUTER);
  router.bind("ipc://" + path);
  Crowd crowd("ipc://" + path, clients);
  const std::string text(bytes, 'x');
  std::vector<double> times;
  for (long round = 0; round < rounds; ++round) {
    crowd.Send("wait");
    std::vector<zmq::message_t> identities(static_cast<std::size_t>(clients));
    for (zmq::message_t& identity : identities) {
      zmq::message_t request;
      if (!router.recv(identity, zmq::recv_flags::none) || !router.recv(request, zmq::recv_flags::none))
        CannotMeasure("the bare ROUTER got nothing");
    }
    const auto begin = SteadyClock::now();
    std::thread sender([&] {
      for (zmq::message_t& identity : identities) {
        router.send(identity, zmq::send_flags::sndmore);
        router.send(zmq::buffer(text), zmq::send_flags::none);
      }
    });
    times.push_back(crowd.Receive(begin).last);
    sender.join();
  }
  return Median(times);
}

int Main(int argc, char** argv) {
  const long clients = NumberOption(argc, argv, "--clients", 200);
  const long rounds = NumberOption(argc, argv, "--rounds", 20);
  const long seconds = NumberOption(argc, argv, "--seconds", 20);
  PrintHead("bench_events", fmt::format("{} clients that wait for news of jobs", clients));
  test::TestBox box;
  const test::Daemon daemon = box.StartDaemon();
  auto connected = Client::Connect(daemon.Socket());
  if (!connected) CannotMeasure(connected.error().message);
  Client& client = *connected;
  (void)Latest(client);
  const double before = MemoryKib(daemon.Pid());
  Crowd crowd("ipc://" + daemon.Socket(), clients);

  std::vector<double> submits, firsts, lasts;
  std::size_t bytes = 0;
  for (long round = 0; round < rounds; ++round) {
    const std::int64_t seq = WaitForQuiet(client);
    crowd.Send(fmt::format(R"(WAIT-EVENTS {{"since": {}, "timeout": 120}})", seq));
    WaitUntilParked(client, clients);
    const auto begin = SteadyClock::now();
    if (Ask(client, fmt::format(R"(TEST-JOB {{"steps": [{}e-9]}})", round)).find("Scheduled") == std::string::npos)
      CannotMeasure("a job was refused");
    submits.push_back(Since(begin));
    const Crowd::Replies replies = crowd.Receive(begin);
    firsts.push_back(replies.first);
    lasts.push_back(replies.last);
    bytes = replies.text.size();
  }
  const double limit = BareBroadcast(box.Path("/run/bare"), clients, bytes, rounds);
  const double all = Median(lasts) - Median(firsts);
  fmt::print("{:<52} {:>8.2f} ms\n", fmt::format("bare ROUTER to {} clients, {} bytes (limit)", clients, bytes), limit);
  fmt::print("{:<52} {:>8.2f} ms\n", "submit of a job, synced, to its reply", Median(submits));
  fmt::print("{:<52} {:>8.2f} ms\n", "submit to the news at the first client", Median(firsts));
  fmt::print("{:<52} {:>8.2f} ms\n", "submit to the news at the last client", Median(lasts));

  crowd.Send(fmt::format(R"(WAIT-EVENTS {{"since": {}, "timeout": 300}})", WaitForQuiet(client)));
  WaitUntilParked(client, clients);
  const double waiting = MemoryKib(daemon.Pid());
  fmt::print("{:<52} {:>8.1f} KiB\n", "memory of a waiting client, its connection included",
             (waiting - before) / static_cast<double>(clients));
  std::this_thread::sleep_for(std::chrono::seconds{3});
  const double calls = SystemCalls(daemon.Pid(), seconds, box.Path("/run/strace"));
  fmt::print("{:<52} {:>8.0f}\n\n", fmt::format("system calls in {} s while they wait", seconds), calls);

  GoalAtMost("news at all clients after the first one, to the limit", all / limit, 2);
  GoalAtMost("submit to the news at the last client", Median(lasts), 50, " ms");
  GoalAtMost("memory of a waiting client", (waiting - before) / static_cast<double>(clients), 48,
             " KiB");  // libzmq: two buffers of 8 KiB a connection
  GoalAtMost("system calls while all wait", calls, 0);
  return 0;
}

}  // namespace
}  // namespace cmdsrv::bench

int main(int argc, char** argv) { return cmdsrv::bench::Main(argc, argv); }
