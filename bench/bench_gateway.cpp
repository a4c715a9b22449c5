// The gateway in front of the real daemon, beside a bare server of the same HTTP library that answers a constant.
//   bench_gateway [--rounds 5] [--milliseconds 700] [--streams 1000] [--seconds 100] [--nonces 1000000]
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <functional>
#include <thread>

#include "console/console.hpp"
#include "load.hpp"
#include "measure.hpp"
#include "support/files.hpp"
#include "support/test_box.hpp"

namespace cmdsrv::bench {
namespace {

constexpr const char* kPassword = "g0adm1n";
const std::string kAdmin = std::string("iiab-admin:") + kPassword;
constexpr const char* kService = "/iiab-cmd-service";
constexpr const char* kCommand = "command2=GET-JOB-STAT";

/// A connection that is kept, as a browser does.
class Line {
 public:
  explicit Line(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int one = 1;
    ::setsockopt(fd_.Get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (::connect(fd_.Get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      CannotMeasure("cannot connect");
  }

  /// The body of the answer, which must be a 200.
  std::string Ask(std::string_view method, std::string_view path, const test::HttpHeaders& headers = {},
                  std::string_view body = {}) {
    Send(Request(method, path, headers, body));
    return Receive();
  }
  static std::string Request(std::string_view method, std::string_view path, const test::HttpHeaders& headers,
                             std::string_view body) {
    std::string request = fmt::format("{} {} HTTP/1.1\r\nHost: box\r\n", method, path);
    for (const auto& [name, value] : headers) request += fmt::format("{}: {}\r\n", name, value);
    if (method == "POST") request += fmt::format("Content-Length: {}\r\n", body.size());
    return request + "\r\n" + std::string(body);
  }
  void Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_.Get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) CannotMeasure("cannot send");
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  std::string Receive() {
    for (;;) {
      const std::size_t head = got_.find("\r\n\r\n");
      if (head != std::string::npos) {
        if (!got_.starts_with("HTTP/1.1 200")) CannotMeasure("an answer is " + got_.substr(0, head));
        const std::size_t length = got_.find("Content-Length: ");
        const std::size_t size = std::stoul(got_.substr(length + 16, 12)), end = head + 4 + size;
        if (got_.size() >= end) {
          std::string body = got_.substr(head + 4, size);
          got_.erase(0, end);
          return body;
        }
      }
      More();
    }
  }
  /// Reads until `text` has come.
  void ReadUntil(std::string_view text) {
    while (got_.find(text) == std::string::npos) More();
    got_.clear();
  }

 private:
  void More() {
    char buffer[65'536];
    const ssize_t count = ::recv(fd_.Get(), buffer, sizeof buffer, 0);
    if (count <= 0) CannotMeasure("the connection was closed");
    got_.append(buffer, static_cast<std::size_t>(count));
  }

  UniqueFd fd_;
  std::string got_;
};

/// The limit, in a process of its own.
class ConstantServer {
 public:
  explicit ConstantServer(std::size_t bytes) {
    int ends[2];
    if (::pipe(ends) != 0) CannotMeasure("no pipe");
    const std::string program = BesideThisProgram("constant_http"), size = std::to_string(bytes);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(ends[1], 1);
      ::execl(program.c_str(), program.c_str(), size.c_str(), nullptr);
      ::_exit(127);
    }
    ::close(ends[1]);
    char text[16] = {};
    if (::read(ends[0], text, sizeof text - 1) <= 0) CannotMeasure("constant_http does not start");
    ::close(ends[0]);
    port_ = static_cast<std::uint16_t>(std::atoi(text));
  }
  ConstantServer(const ConstantServer&) = delete;
  ConstantServer& operator=(const ConstantServer&) = delete;
  ~ConstantServer() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  std::uint16_t Port() const { return port_; }

 private:
  pid_t pid_ = 0;
  std::uint16_t port_ = 0;
};

using Act = std::function<void(Line&)>;

struct Values {
  std::vector<double> rate, latency_ms;
};

/// `clients` threads that do it again and again.
void Measure(std::uint16_t port, int clients, std::chrono::milliseconds duration, const Act& act, Values& values) {
  std::atomic<long> count = 0;
  std::vector<std::vector<double>> latencies(static_cast<std::size_t>(clients));
  std::vector<std::thread> threads;
  threads.reserve(latencies.size());
  const auto begin = SteadyClock::now();
  for (auto& mine : latencies) {
    threads.emplace_back([&] {
      Line line(port);
      while (SteadyClock::now() < begin + duration) {
        const auto start = SteadyClock::now();
        act(line);
        mine.push_back(Since(start));
        ++count;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  values.rate.push_back(static_cast<double>(count) * 1000 / Since(begin));
  std::vector<double> all;
  for (const auto& mine : latencies) all.insert(all.end(), mine.begin(), mine.end());
  values.latency_ms.push_back(Median(std::move(all)));
}

struct Way {
  const char* name;
  Act act;
  int requests;  ///< of HTTP, for one Command
};

void MeasureWays(std::uint16_t port, std::uint16_t limit, const std::vector<Way>& ways, long rounds,
                 std::chrono::milliseconds duration) {
  const Act bare = [](Line& line) { line.Ask("GET", "/"); };
  fmt::print("{:<34} {:>8} {:>10} {:>10} {:>6} {:>10} {:>10}\n", "", "clients", "gateway/s", "limit/s", "ratio",
             "gateway ms", "limit ms");
  for (const Way& way : ways) {
    for (const int clients : {1, 4}) {
      Values ours, theirs;
      for (long round = 0; round < rounds; ++round) {
        Measure(limit, clients, duration, bare, theirs);
        Measure(port, clients, duration, way.act, ours);
      }
      const double rate = Median(ours.rate), limit_rate = Median(theirs.rate) / way.requests;
      fmt::print("{:<34} {:>8} {:>10.0f} {:>10.0f} {:>6.2f} {:>10.3f} {:>10.3f}\n", way.name, clients, rate, limit_rate,
                 rate / limit_rate, Median(ours.latency_ms), Median(theirs.latency_ms) * way.requests);
    }
  }
}

std::string ForgeryAndCookie(const test::Console& console, std::string& cookie) {
  const test::HttpAnswer page = console.SignIn(kAdmin, {{"X-IIAB-Session", "cookie"}});
  const std::size_t at = page.head.find("iiab_session=");
  cookie = page.head.substr(at, page.head.find(';', at) - at);
  return page.body;
}

void MeasureRequests(std::uint16_t port, long rounds, std::chrono::milliseconds duration) {
  const test::Console console(port);
  if (console.Login(kAdmin) != 200) CannotMeasure("nobody can sign in");
  const std::string token = console.SignIn(kAdmin).body;
  std::string cookie;
  const std::string forgery = ForgeryAndCookie(console, cookie);
  const std::string nonce_path = std::string(kService) + "/auth/get_nonce", path = std::string(kService) + "/cmd";
  std::size_t bytes = 0;
  const auto sealed = [&](Line& line, const char* header, const std::string& text) {
    test::HttpHeaders headers = console.Headers(text, line.Ask("GET", nonce_path));
    headers[0].first = header;
    const std::string reply = line.Ask("POST", path, headers, kCommand);
    if (reply.find("\"Data\"") == std::string::npos) CannotMeasure("a reply is " + reply);
    bytes = reply.size();
  };
  const std::vector<Way> ways = {
      {"a nonce", [&](Line& line) { line.Ask("GET", nonce_path); }, 1},
      {"nonce and POST, cached password", [&](Line& line) { sealed(line, "X-IIAB-Credentials", kAdmin); }, 2},
      {"nonce and POST, token", [&](Line& line) { sealed(line, "X-IIAB-Token", token); }, 2},
      {"POST, cookie",
       [&](Line& line) {
         line.Ask("POST", path,
                  {{"Cookie", cookie},
                   {"X-IIAB-Forgery", forgery},
                   {"X-Forwarded-Proto", "https"},
                   {"Content-Type", "application/x-www-form-urlencoded"}},
                  kCommand);
       },
       1},
  };
  Line first(port);
  sealed(first, "X-IIAB-Credentials", kAdmin);
  const ConstantServer limit(bytes);
  MeasureWays(port, limit.Port(), ways, rounds, duration);
}

void MeasureStreams(std::uint16_t port, pid_t gateway, long streams, long seconds) {
  std::string cookie;
  ForgeryAndCookie(test::Console(port), cookie);
  const double before = MemoryKib(gateway);
  std::vector<std::unique_ptr<Line>> lines;
  for (long i = 0; i < streams; ++i) {
    lines.push_back(std::make_unique<Line>(port));
    lines.back()->Send(Line::Request("GET", std::string(kService) + "/events",
                                     {{"Cookie", cookie}, {"X-Real-IP", fmt::format("10.0.{}.{}", i / 200, i % 200)}},
                                     ""));
    lines.back()->ReadUntil("snapshot");
  }
  const double memory = (MemoryKib(gateway) - before) / static_cast<double>(streams);
  std::this_thread::sleep_for(std::chrono::seconds{2});
  const double cpu = CpuMicroseconds(gateway);
  std::this_thread::sleep_for(std::chrono::seconds(seconds));
  const double share = (CpuMicroseconds(gateway) - cpu) / (static_cast<double>(seconds) * 1e4);
  fmt::print("\n{:<52} {:>8.1f} KiB\n", fmt::format("memory of each of {} idle streams", streams), memory);
  fmt::print("{:<52} {:>8.3f} %\n", fmt::format("processor of all, over {} s", seconds), share);
  const test::Console console(port);
  const auto begin = SteadyClock::now();
  if (console.Send(R"(TEST-JOB {"steps": [0]})", kAdmin).body.find("Scheduled") == std::string::npos)
    CannotMeasure("a job was refused");
  lines.front()->ReadUntil("event: job");
  const double first = Since(begin);
  for (std::size_t i = 1; i < lines.size(); ++i) lines[i]->ReadUntil("event: job");
  fmt::print("{:<52} {:>8.2f} ms\n", "submit of a job to the news at the first stream", first);
  fmt::print("{:<52} {:>8.2f} ms\n", "and at the last", Since(begin));
  GoalAtMost("memory of an idle stream", memory, 48, " KiB");
  GoalAtMost("processor of idle streams", share, 1, " %");
}

void MeasureNonces(std::uint16_t port, pid_t gateway, long nonces) {
  const std::string path = std::string(kService) + "/auth/get_nonce";
  const auto flood = [&](long count) {
    Line line(port);
    std::string hundred;
    for (int i = 0; i < 100; ++i) {
      hundred += Line::Request("GET", path, {{"X-Real-IP", fmt::format("10.1.0.{}", i)}}, "");
    }
    for (long i = 0; i < count; i += 100) {
      line.Send(hundred);
      for (int k = 0; k < 100; ++k) line.Receive();
    }
  };
  flood(20'000);
  const double before = MemoryKib(gateway);
  const auto begin = SteadyClock::now();
  flood(nonces);
  fmt::print("\n{:<52} {:>8.0f} /s\n", fmt::format("{} nonces, 100 in flight", nonces),
             static_cast<double>(nonces) * 1000 / Since(begin));
  GoalAtMost("memory that they took", MemoryKib(gateway) - before, 256, " KiB");
}

void MeasureWhileGuessing(std::uint16_t port, long requests) {
  const test::Console console(port);
  const auto p99 = [&](long count) {
    std::vector<double> times;
    Line line(port);
    for (long i = 0; i < count; ++i) {
      const auto begin = SteadyClock::now();
      const std::string nonce = line.Ask("GET", std::string(kService) + "/auth/get_nonce");
      line.Ask("POST", std::string(kService) + "/cmd", console.Headers(kAdmin, nonce), kCommand);
      times.push_back(Since(begin));
    }
    std::ranges::sort(times);
    return times[times.size() * 99 / 100];
  };
  const double quiet = p99(requests);
  std::atomic<bool> over = false;
  std::atomic<long> guesses = 0;
  std::vector<std::thread> guessers;
  guessers.reserve(4);
  for (int i = 0; i < 4; ++i) {
    guessers.emplace_back([&] {
      const test::Console guesser(port);
      while (!over) guesser.Login(fmt::format("iiab-admin:guess{}", ++guesses));
    });
  }
  const double guessed = p99(requests);
  over = true;
  for (std::thread& guesser : guessers) guesser.join();
  fmt::print("\n{:<52} {:>8.2f} ms\n", "p99 of nonce and GET-JOB-STAT, nobody else", quiet);
  fmt::print("{:<52} {:>8.2f} ms ({} guesses)\n", "while 4 clients guess passwords", guessed, guesses.load());
  GoalAtMost("p99 of GET-JOB-STAT while 4 clients guess", guessed, 100, " ms");
}

int Main(int argc, char** argv) {
  const long rounds = NumberOption(argc, argv, "--rounds", 5);
  const std::chrono::milliseconds duration(NumberOption(argc, argv, "--milliseconds", 700));
  const long streams = NumberOption(argc, argv, "--streams", 1000),
             seconds = NumberOption(argc, argv, "--seconds", 100);
  const long nonces = NumberOption(argc, argv, "--nonces", 1'000'000);
  PrintHead("bench_gateway", "the gateway beside a bare server of its HTTP library that answers a constant");
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  test::TestBox box;
  test::MakeAccounts(box.Root(), kPassword);
  test::OrThrow(test::WriteText(box.Path("/etc/iiab/cmdsrv-gateway.conf"), R"({"trust_proxy": true})"));
  const test::Daemon daemon = box.StartDaemon();
  const test::GatewayProcess gateway(box.Root());
  fmt::print("{:<52} {:>8.0f} KiB\n\n", "memory of the gateway at its start", MemoryKib(gateway.Pid()));
  MeasureRequests(gateway.Port(), rounds, duration);
  MeasureWhileGuessing(gateway.Port(), 500);
  MeasureNonces(gateway.Port(), gateway.Pid(), nonces);
  MeasureStreams(gateway.Port(), gateway.Pid(), streams, seconds);
  return 0;
}

}  // namespace
}  // namespace cmdsrv::bench

int main(int argc, char** argv) { return cmdsrv::bench::Main(argc, argv); }
