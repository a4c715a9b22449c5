#include "console/console.hpp"

#include <crypt.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <stdexcept>

#include "support/files.hpp"

namespace cmdsrv::test {
namespace {

std::string Base64(std::string_view bytes) {
  std::string text(sodium_base64_encoded_len(bytes.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(text.data(), text.size(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                    sodium_base64_VARIANT_ORIGINAL);
  text.pop_back();
  return text;
}

std::string Unbase64(std::string_view text) {
  std::string bytes(text.size(), '\0');
  std::size_t length = 0;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), text.data(), text.size(), nullptr,
                        &length, nullptr, sodium_base64_VARIANT_ORIGINAL) != 0) {
    throw std::runtime_error(fmt::format("no base64: {}", text));
  }
  bytes.resize(length);
  return bytes;
}

std::string ReadAnswer(int fd) {
  std::string answer;
  char buffer[16'384];
  pollfd waiting{fd, POLLIN, 0};
  while (::poll(&waiting, 1, static_cast<int>(Patiently(seconds(70)).count())) > 0) {
    const ssize_t count = ::recv(fd, buffer, sizeof buffer, 0);
    if (count <= 0) break;
    answer.append(buffer, static_cast<std::size_t>(count));
  }
  return answer;
}

}  // namespace

GatewayProcess::GatewayProcess(const std::string& root, const std::string& listen,
                               const std::vector<std::string>& more_arguments) {
  static std::atomic<int> count{0};
  output_file_ = fmt::format("{}/var/log/gateway-{}.txt", root, ++count);
  const std::string program = BuiltProgram("bin/iiab-cmdsrv-gateway");
  std::vector<std::string> arguments{program, "--root", root, "--listen", listen};
  arguments.insert(arguments.end(), more_arguments.begin(), more_arguments.end());
  std::vector<char*> pointers;
  pointers.reserve(arguments.size() + 1);
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  const int output = ::open(output_file_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  pid_ = ::fork();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(output, 1);
    ::dup2(output, 2);
    ::execv(program.c_str(), pointers.data());
    ::_exit(127);
  }
  ::close(output);
  constexpr std::string_view kMark = "serving browsers at ";
  constexpr std::string_view kHttp = "http://127.0.0.1:";
  const bool serves = WaitUntil(
      [&] {
        const std::string printed = Printed();
        const std::size_t at = printed.find(kMark);
        if (at == std::string::npos || printed.find('\n', at) == std::string::npos) return false;
        const std::string where = printed.substr(at + kMark.size());
        if (where.starts_with(kHttp)) port_ = static_cast<std::uint16_t>(std::stoi(where.substr(kHttp.size())));
        return true;
      },
      seconds(30));
  if (!serves) throw std::runtime_error("the gateway does not serve: " + Printed());
}

GatewayProcess::~GatewayProcess() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

std::string GatewayProcess::Printed() const { return ReadText(output_file_).value_or(""); }

int GatewayProcess::Terminate() {
  ::kill(pid_, SIGTERM);
  int status = -1;
  const bool ended = WaitUntil([&] { return ::waitpid(pid_, &status, WNOHANG) == pid_; }, seconds(20));
  if (!ended) return -1;
  pid_ = 0;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

namespace {

UniqueFd Connect(std::uint16_t port) {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd.Get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return UniqueFd();
  return fd;
}

void SendAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

}  // namespace

HttpStream::HttpStream(std::uint16_t port, std::string_view path, const HttpHeaders& headers) : fd_(Connect(port)) {
  std::string request = fmt::format("GET {} HTTP/1.1\r\nHost: box\r\n", path);
  for (const auto& [name, value] : headers) request += fmt::format("{}: {}\r\n", name, value);
  SendAll(fd_.Get(), request + "\r\n");
}

std::string HttpStream::ReadUntil(std::string_view text) {
  const auto end = std::chrono::steady_clock::now() + Patiently(seconds(30));
  for (;;) {
    const std::size_t at = text.empty() ? std::string::npos : got_.find(text);
    if (at != std::string::npos) {
      std::string read = got_.substr(0, at + text.size());
      got_.erase(0, read.size());
      return read;
    }
    const auto left = std::chrono::duration_cast<milliseconds>(end - std::chrono::steady_clock::now()).count();
    pollfd waiting{fd_.Get(), POLLIN, 0};
    char buffer[16'384];
    if (left <= 0 || ::poll(&waiting, 1, static_cast<int>(left)) <= 0) return std::exchange(got_, {}) + "(timeout)";
    const ssize_t count = ::recv(fd_.Get(), buffer, sizeof buffer, 0);
    if (count <= 0) return std::exchange(got_, {});
    got_.append(buffer, static_cast<std::size_t>(count));
  }
}

HttpAnswer Http(std::uint16_t port, std::string_view method, std::string_view path, const HttpHeaders& headers,
                std::string_view body) {
  const UniqueFd fd = Connect(port);
  if (fd.Get() < 0) return {};
  std::string request = fmt::format("{} {} HTTP/1.1\r\nHost: box\r\nConnection: close\r\n", method, path);
  for (const auto& [name, value] : headers) request += fmt::format("{}: {}\r\n", name, value);
  if (method == "POST") request += fmt::format("Content-Length: {}\r\n", body.size());
  request += "\r\n";
  request += body;
  SendAll(fd.Get(), request);
  const std::string answer = ReadAnswer(fd.Get());
  const std::size_t split = answer.find("\r\n\r\n");
  if (!answer.starts_with("HTTP/1.1 ") || split == std::string::npos) return {};
  return {std::stoi(answer.substr(9, 3)), answer.substr(0, split + 2), answer.substr(split + 4)};
}

Console::Console(std::uint16_t port)
    : port_(port), public_key_(crypto_box_PUBLICKEYBYTES, '\0'), secret_key_(crypto_box_SECRETKEYBYTES, '\0') {
  if (sodium_init() < 0) throw std::runtime_error("no randomness");
  crypto_box_keypair(reinterpret_cast<unsigned char*>(public_key_.data()),
                     reinterpret_cast<unsigned char*>(secret_key_.data()));
  Initialise();
}

void Console::Initialise() { server_key_ = Unbase64(Http(port_, "GET", "/iiab-cmd-service/auth/get_pubkey?_=1").body); }

std::string Console::Nonce() const { return Http(port_, "GET", "/iiab-cmd-service/auth/get_nonce?_=2").body; }

std::string Console::Seal(std::string_view text, const std::string& nonce) const {
  std::string box(text.size() + crypto_box_MACBYTES, '\0');
  const std::string nonce_bytes = Unbase64(nonce);
  const auto bytes = [](const std::string& of) { return reinterpret_cast<const unsigned char*>(of.data()); };
  if (crypto_box_easy(reinterpret_cast<unsigned char*>(box.data()), reinterpret_cast<const unsigned char*>(text.data()),
                      text.size(), bytes(nonce_bytes), bytes(server_key_), bytes(secret_key_)) != 0) {
    throw std::runtime_error("cannot make a box");
  }
  return Base64(box);
}

HttpHeaders Console::Headers(std::string_view credentials, const std::string& nonce) const {
  return {{"X-IIAB-Credentials", Seal(credentials, nonce)},
          {"X-IIAB-Nonce", nonce},
          {"X-IIAB-ClientKey", Base64(public_key_)},
          {"Content-Type", "application/x-www-form-urlencoded; charset=UTF-8"}};
}

HttpAnswer Console::SignIn(std::string_view credentials, const HttpHeaders& more) const {
  HttpHeaders headers = Headers(credentials, Nonce());
  headers.insert(headers.end(), more.begin(), more.end());
  return Http(port_, "GET", "/iiab-cmd-service/auth/login", headers);
}

HttpHeaders Console::TokenHeaders(std::string_view token) const {
  HttpHeaders headers = Headers(token, Nonce());
  headers[0].first = "X-IIAB-Token";
  return headers;
}

int Console::Login(std::string_view credentials) const { return SignIn(credentials).status; }

std::string Console::Encoded(std::string_view text) {
  constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()";
  std::string out;
  for (const char c : text) {
    if (kPlain.find(c) != std::string_view::npos) {
      out.push_back(c);
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string Console::WithoutBlanks(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == ' ' ? std::string("%20") : std::string(1, c);
  return out;
}

HttpAnswer Console::Send(std::string_view command, std::string_view credentials) const {
  return Http(port_, "POST", "/iiab-cmd-service/cmd", Headers(credentials, Nonce()),
              "command=" + Encoded(WithoutBlanks(command)));
}

HttpAnswer Console::SendBoxed(std::string_view command, std::string_view credentials) const {
  const std::string nonce = Nonce();
  return Http(port_, "POST", "/iiab-cmd-service/cmd", Headers(credentials, nonce),
              "encrypted_command=" + Encoded(Seal(WithoutBlanks(command), nonce)));
}

void MakeAccounts(const std::string& root, const std::string& password) {
  crypt_data data{};
  const std::string hash = crypt_r(password.c_str(), "$6$rounds=5000$saltsalt", &data);
  OrThrow(WriteText(root + "/etc/passwd",
                    "root:x:0:0::/root:/bin/bash\niiab-admin:x:1001:1001::/home/iiab-admin:/bin/bash\n"
                    "guest:x:1002:1002::/home/guest:/bin/bash\n"));
  OrThrow(WriteText(root + "/etc/group", "root:x:0:\nsudo:x:27:iiab-admin\niiab-admin:x:1001:\n"));
  OrThrow(WriteText(root + "/etc/shadow",
                    fmt::format("root:*:19000:0:99999:7:::\niiab-admin:{0}:19000:0:99999:7:::\n"
                                "guest:{0}:19000:0:99999:7:::\nlocked:!{0}:19000:0:99999:7:::\n",
                                hash),
                    0600));
}

}  // namespace cmdsrv::test
