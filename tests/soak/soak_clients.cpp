#include "soak/soak_clients.hpp"

#include <optional>
#include <random>
#include <zmq.hpp>

#include "base/json.hpp"

namespace cmdsrv::test {
namespace {

constexpr int kSocketClients = 4, kPages = 3;
constexpr auto kPause = milliseconds(15);  // the machine has other things to do
constexpr auto kPatience = seconds(60);

/// Empty: no answer, which counts when the daemon has lived all the while.
std::optional<std::string> AskSocket(SoakWorld& world, zmq::context_t& context, const std::string& command) {
  WaitUntil([&] { return world.Life() % 2 == 0; }, kPatience);
  const unsigned life = world.Life();
  zmq::socket_t dealer(context, zmq::socket_type::dealer);
  dealer.set(zmq::sockopt::linger, 0);
  dealer.set(zmq::sockopt::rcvtimeo, 100);
  dealer.connect("ipc://" + world.Socket());
  dealer.send(zmq::buffer(command), zmq::send_flags::none);
  ++world.requests;
  const auto end = std::chrono::steady_clock::now() + Patiently(kPatience);
  zmq::message_t reply;
  while (std::chrono::steady_clock::now() < end) {
    if (dealer.recv(reply, zmq::recv_flags::none)) return reply.to_string();
    if (world.Life() == life) continue;
    ++world.excused;
    return std::nullopt;
  }
  world.Complain("no reply to " + command.substr(0, 100));
  return std::nullopt;
}

struct Wish {
  std::string command;
  bool good = true;  ///< an error would be a broken promise
};

class Mixture {
 public:
  explicit Mixture(unsigned seed) : random_(seed) {}

  Wish Next() {
    switch (Below(24)) {
      case 0: return {"TEST"};
      case 1: return {"GET-JOB-STAT"};
      case 2: return {"GET-HEALTH"};
      case 3: return {"GET-VARS"};
      case 4: return {"GET-STATS"};
      case 5: return {R"(GET-JOB-STAT {"last_rowid": 20})"};
      case 6: return {R"(WAIT-EVENTS {"timeout": 0.2})"};
      case 7: return {R"(TEST-JOB {"steps": "many"})", false};
      case 8: return {"NO-SUCH-VERB {}", false};
      case 9: return {"GET-ADM-CONF"};
      case 10: return {Job()};
      default: return {"GET-JOB-ACTIVE-SUM"};
    }
  }

  /// Different from every other one, so that it is no duplicate.
  std::string Job() { return fmt::format(R"(TEST-JOB {{"steps": [0, 0.{:07}]}})", Below(10'000'000) / 10); }

 private:
  int Below(int bound) { return std::uniform_int_distribution<int>(0, bound - 1)(random_); }
  std::mt19937 random_;
};

void Judge(SoakWorld& world, const Wish& wish, const std::string& reply) {
  const auto value = ParseJson(reply, {.depth = 64});
  if (!value) return world.Complain(fmt::format("{} gives {}", wish.command, reply.substr(0, 200)));
  const auto* object = value->if_object();
  const bool is_error = object != nullptr && object->contains("Error");
  if (reply.find("Unable to record Job") != std::string::npos) {
    ++world.refused_by_disk;
  } else if (is_error == wish.good) {
    world.Complain(fmt::format("{} gives {}", wish.command, reply.substr(0, 200)));
  } else if (reply.find("Scheduled") != std::string::npos && wish.command.starts_with("TEST-JOB")) {
    world.Promise(std::stol(reply.substr(reply.find_first_of("0123456789"))));
  }
}

void Pause(const SoakWorld& world) {
  WaitUntil([&] { return world.stop.load(); }, kPause);
}

void SocketClient(SoakWorld& world, unsigned seed) {
  zmq::context_t context(1);
  Mixture mixture(seed);
  while (!world.stop) {
    const Wish wish = mixture.Next();
    if (const auto reply = AskSocket(world, context, wish.command)) Judge(world, wish, *reply);
    Pause(world);
  }
}

/// Cookie and header of a page that has just signed in.
HttpHeaders SignIn(SoakWorld& world) {
  const Console console(world.GatewayPort());
  HttpAnswer answer;
  WaitUntil(
      [&] {
        answer = console.SignIn(std::string("iiab-admin:") + kSoakPassword, {{"X-IIAB-Session", "cookie"}});
        return answer.status == 200 || world.stop;
      },
      kPatience);
  const std::size_t at = answer.head.find("iiab_session=");
  if (at == std::string::npos) {
    if (!world.stop) world.Complain("a page cannot sign in: " + answer.head + answer.body);
    return {};
  }
  return {{"Cookie", answer.head.substr(at, answer.head.find(';', at) - at)},
          {"X-IIAB-Forgery", answer.body},
          {"X-Forwarded-Proto", "https"},
          {"Content-Type", "application/x-www-form-urlencoded"}};
}

void Page(SoakWorld& world, unsigned seed) {
  Mixture mixture(seed);
  const HttpHeaders page = SignIn(world);
  while (!world.stop) {
    const Wish wish = mixture.Next();
    WaitUntil([&] { return world.Life() % 2 == 0; }, kPatience);
    const unsigned life = world.Life();
    const HttpAnswer answer =
        Http(world.GatewayPort(), "POST", "/iiab-cmd-service/cmd", page, "command2=" + Console::Encoded(wish.command));
    ++world.requests;
    if (world.Life() != life) {
      ++world.excused;
      if (answer.status == 0) world.Complain("the gateway does not answer while there is no server");
    } else if (answer.status != 200) {
      world.Complain(fmt::format("the gateway answers {} to {}: {}", answer.status, wish.command, answer.body));
    } else {
      // What the console gets: {"cmd_status": …} around the reply is looked at by the tests of the gateway.
      if (answer.body.find("Scheduled") == std::string::npos && answer.body.empty())
        world.Complain("an empty answer to " + wish.command);
    }
    Pause(world);
  }
}

void Listener(SoakWorld& world) {
  const HttpHeaders page = SignIn(world);
  while (!world.stop) {
    HttpStream stream(world.GatewayPort(), "/iiab-cmd-service/events", page);
    for (std::string piece = "x"; !world.stop && !piece.empty();) {
      piece = stream.ReadUntil("}\n\n");
      if (piece.ends_with("(timeout)")) world.Complain("the stream of events is silent");
      if (!piece.ends_with("}\n\n")) break;  // it has ended, as with its server
      ++world.events;
    }
  }
}

}  // namespace

std::vector<std::thread> StartClients(SoakWorld& world) {
  std::vector<std::thread> clients;
  for (unsigned i = 0; i < kSocketClients; ++i) clients.emplace_back([&world, i] { SocketClient(world, i); });
  for (unsigned i = 0; i < kPages; ++i) clients.emplace_back([&world, i] { Page(world, 100 + i); });
  clients.emplace_back([&world] { Listener(world); });
  return clients;
}

void MakeNews(SoakWorld& world) {
  zmq::context_t context(1);
  static Mixture mixture(std::random_device{}());
  const Wish wish{mixture.Job()};
  if (const auto reply = AskSocket(world, context, wish.command)) Judge(world, wish, *reply);
}

}  // namespace cmdsrv::test
