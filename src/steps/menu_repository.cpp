#include "steps/menu_repository.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.hpp"
#include "base/names.hpp"
#include "base/text.hpp"
#include "base/time_text.hpp"
#include "platform/files.hpp"
#include "platform/unique_fd.hpp"
#include "steps/base64.hpp"
#include "steps/net.hpp"

namespace cmdsrv {
namespace {

constexpr std::uint64_t kListLimit = 16U << 20U;
constexpr std::uint64_t kAnswerLimit = 1U << 20U;
constexpr net::Deadlines kDeadlines{30, 60, 300};

bool IsSha(std::string_view text) {
  return (text.size() == 40 || text.size() == 64) &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

/// A token in the clear would be anybody's who listens; on the machine itself nobody does.
bool MayCarrySecrets(std::string_view url) {
  return url.starts_with("https://") || url.starts_with("http://127.0.0.1:") || url.starts_with("http://127.0.0.1/");
}

Result<Secret> ReadToken(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  struct stat facts {};
  if (!file || ::fstat(file.Get(), &facts) != 0 || !S_ISREG(facts.st_mode))
    return Fail(ErrorCode::NotFound, "there is no access token in {}, so nothing is uploaded", path);
  if ((facts.st_uid != 0 && facts.st_uid != ::geteuid()) || (facts.st_mode & 077U) != 0)
    return Fail(ErrorCode::Refused,
                "{} must belong to root and be readable by root alone (chmod 600); nothing is uploaded", path);
  std::string text(4096, '\0');
  const ssize_t got = ::read(file.Get(), text.data(), text.size());
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.pop_back();
  Secret token(std::move(text));
  const auto is_token = [](char c) { return c > ' ' && c < 0x7F; };
  for (const char c : token.Expose()) {
    if (!is_token(c)) return Fail(ErrorCode::Corrupt, "{} holds no access token; nothing is uploaded", path);
  }
  if (token.Empty()) return Fail(ErrorCode::NotFound, "{} is empty; nothing is uploaded", path);
  return token;
}

Failure NoMoreRequests(std::int64_t at) {
  const WallTime time{std::chrono::seconds(at)};
  return Fail(ErrorCode::TryLater, "the server allows no more requests{}",
              at > 0 ? fmt::format(" until {}", ToMonthDayTime(time)) : std::string());
}

Result<net::Reply> Ask(const net::Exchanged& asked, std::uint64_t limit) {
  auto reply = net::Exchange(asked, limit, kDeadlines);
  if (!reply) return reply;
  if (reply->status < 300) return reply;
  if (reply->more_at || reply->status == 429) return NoMoreRequests(reply->more_at.value_or(0));
  return Fail(net::CodeOfStatus(reply->status), "{}: the server answered {}", MaskUrlCredentials(asked.url),
              net::StatusText(reply->status));
}

Failure NotUnderstood(std::string_view what) {
  return Fail(ErrorCode::Corrupt, "the server's answer about {} cannot be understood", what);
}

std::string UrlPath(std::string_view path) {
  std::string url;
  for (const char c : path) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~/").find(c) != std::string_view::npos;
    url += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return url;
}

}  // namespace

MenuRepository::MenuRepository(const Settings& settings)
    : base_(settings.menu_def_base_url), branch_(settings.menu_def_branch) {
  auto token = ReadToken(settings.menu_def_token_file);
  if (!token) {
    why_not_ = token.error().message;
  } else if (!MayCarrySecrets(base_)) {
    why_not_ = "menu_def_base_url is no https address, so the access token is not sent and nothing is uploaded";
  } else {
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);  // the token must not end in a core file
    token_ = *std::move(token);
  }
}

Result<MenuRepository::Files> MenuRepository::List() {
  const auto reply = Ask({.url = fmt::format("{}git/trees/{}?recursive=1", base_, UrlPath(branch_))}, kListLimit);
  if (!reply) return Failure(reply.error());
  const auto document = ParseJson(reply->body);
  const json::object* top = document ? document->if_object() : nullptr;
  const json::value* tree = top != nullptr ? top->if_contains("tree") : nullptr;
  if (tree == nullptr || !tree->is_array()) return NotUnderstood("its files");
  if (const json::value* cut = top->if_contains("truncated"); cut != nullptr && cut->is_bool() && cut->get_bool())
    return Fail(ErrorCode::Corrupt, "the server does not list all of its files");
  Files files;
  for (const json::value& one : tree->get_array()) {
    const json::object* entry = one.if_object();
    if (entry == nullptr || TextMember(*entry, "type") != "blob" || !IsSha(TextMember(*entry, "sha"))) continue;
    const json::value* size = entry->if_contains("size");
    const std::uint64_t bytes = size != nullptr && size->is_int64() ? static_cast<std::uint64_t>(size->get_int64()) : 0;
    files[std::string(TextMember(*entry, "path"))] = {std::string(TextMember(*entry, "sha")), bytes};
  }
  return files;
}

Result<std::string> MenuRepository::Read(const std::string& sha, std::uint64_t limit) {
  // As text a third longer, in JSON.
  const auto reply = Ask({.url = fmt::format("{}git/blobs/{}", base_, sha)}, limit * 2 + 4096);
  if (!reply) return Failure(reply.error());
  const auto document = ParseJson(reply->body);
  const json::object* top = document ? document->if_object() : nullptr;
  if (top == nullptr || TextMember(*top, "encoding") != "base64") return NotUnderstood(sha);
  auto bytes = FromBase64(TextMember(*top, "content"));
  if (!bytes) return NotUnderstood(sha);
  if (bytes->size() > limit) return Fail(ErrorCode::Corrupt, "{} is larger than {} bytes", sha, limit);
  return *std::move(bytes);
}

Result<std::string> MenuRepository::Write(const std::string& path, std::string_view bytes, const std::string& old_sha) {
  if (!MayWrite()) return Fail(ErrorCode::Refused, "{}", why_not_);
  json::object body{{"message", "Update " + path}, {"content", ToBase64(bytes)}, {"branch", branch_}};
  if (!old_sha.empty()) body["sha"] = old_sha;
  const auto reply = Ask({.url = fmt::format("{}contents/{}", base_, UrlPath(path)),
                          .method = "PUT",
                          .headers = {"Content-Type: application/json"},
                          .body = PrintJson(body),
                          .bearer = &token_},
                         kAnswerLimit);
  if (!reply) return Failure(reply.error());
  const auto document = ParseJson(reply->body);
  const json::object* top = document ? document->if_object() : nullptr;
  const json::value* content = top != nullptr ? top->if_contains("content") : nullptr;
  const std::string_view sha =
      content != nullptr && content->is_object() ? TextMember(content->get_object(), "sha") : "";
  if (!IsSha(sha)) return NotUnderstood(path);
  return std::string(sha);
}

}  // namespace cmdsrv
