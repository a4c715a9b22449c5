#include "gateway/static_files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/text.hpp"
#include "gateway/form_body.hpp"

namespace cmdsrv::gateway {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 16> kTypes = {{
    {".html", "text/html; charset=utf-8"},
    {".htm", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".jpeg", "image/jpeg"},
    {".gif", "image/gif"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
    {".woff", "font/woff"},
    {".txt", "text/plain; charset=utf-8"},
    {".webmanifest", "application/manifest+json"},
}};

/// An icon or a picture may be sent as bytes; what a server would run is not sent at all.
std::string_view TypeOf(std::string_view name) {
  const auto found = std::ranges::find_if(kTypes, [&](const auto& type) { return name.ends_with(type.first); });
  return found == kTypes.end() ? "application/octet-stream" : found->second;
}

std::shared_ptr<const OpenFile> OpenBelow(int directory, const std::string& path) {
  open_how how{};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;  // a pipe must not hold us up
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  const auto fd = static_cast<int>(::syscall(SYS_openat2, directory, path.c_str(), &how, sizeof how));
  return fd < 0 ? nullptr : std::make_shared<const OpenFile>(fd);
}

bool TakesGzip(const HttpRequest& request) {
  for (const std::string_view coding : Split(request.Header("Accept-Encoding").value_or(""), ',')) {
    const auto parts = Split(coding, ';');
    if (Trim(parts[0]) == "gzip") return parts.size() == 1 || Trim(parts[1]) != "q=0";
  }
  return false;
}

void AddSafetyHeaders(HttpResponse& response) {
  response.headers.emplace_back("Cache-Control", "no-cache");  // keep it, and ask each time
  response.headers.emplace_back("Content-Security-Policy",
                                "frame-ancestors 'none'; object-src 'none'; base-uri 'self'");
  response.headers.emplace_back("X-Frame-Options", "DENY");
  response.headers.emplace_back("Referrer-Policy", "same-origin");
}

bool HasIt(const HttpRequest& request, std::string_view tag) {
  const auto known = request.Header("If-None-Match");
  if (!known) return false;
  const auto tags = Split(*known, ',');
  return std::ranges::any_of(tags, [&](std::string_view one) {
    one = Trim(one);
    return one == "*" || one == tag || (one.starts_with("W/") && one.substr(2) == tag);
  });
}

}  // namespace

std::optional<std::string> SafePath(std::string_view sent) {
  const std::string decoded = DecodePercent(sent);
  if (!decoded.starts_with('/') || decoded.size() > 1024 || !IsUtf8(decoded)) return std::nullopt;
  const bool odd = std::ranges::any_of(
      decoded, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '\\' || c == '%'; });
  if (odd) return std::nullopt;
  std::string_view names = std::string_view(decoded).substr(1);
  if (names.ends_with('/')) names.remove_suffix(1);
  if (names.empty()) return decoded == "/" ? std::optional(std::string()) : std::nullopt;
  for (const std::string_view name : Split(names, '/')) {
    if (name.empty() || name[0] == '.') return std::nullopt;
  }
  return std::string(names);
}

Result<StaticFiles> StaticFiles::Of(const std::string& directory) {
  const int fd = ::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return Fail(ErrorCode::NotFound, "cannot open {}: {}", directory, Reason(errno));
  return StaticFiles(std::make_shared<const OpenFile>(fd));
}

HttpResponse StaticFiles::Answer(const HttpRequest& request, std::string_view path) const {
  auto name = SafePath(path);
  if (!name || name->ends_with(".php")) return Refusal(404);
  const bool as_directory = path.ends_with('/');
  struct stat facts {};
  auto file = OpenBelow(directory_->Get(), name->empty() ? "." : *name);
  if (!file || ::fstat(file->Get(), &facts) != 0) return Refusal(404);
  if (S_ISDIR(facts.st_mode)) {
    if (!as_directory) return {.status = 301, .headers = {{"Location", request.path + "/"}}};
    *name += name->empty() ? "index.html" : "/index.html";
    file = OpenBelow(directory_->Get(), *name);
    if (!file || ::fstat(file->Get(), &facts) != 0) return Refusal(404);
  } else if (as_directory) {
    return Refusal(404);
  }
  if (!S_ISREG(facts.st_mode)) return Refusal(404);

  HttpResponse response{.type = std::string(TypeOf(*name))};
  if (TakesGzip(request)) {
    struct stat packed_facts {};
    auto packed = OpenBelow(directory_->Get(), *name + ".gz");
    // An old one beside a new file would bring back what was replaced.
    if (packed && ::fstat(packed->Get(), &packed_facts) == 0 && S_ISREG(packed_facts.st_mode) &&
        packed_facts.st_mtim.tv_sec >= facts.st_mtim.tv_sec) {
      file = std::move(packed);
      facts = packed_facts;
      response.headers.emplace_back("Content-Encoding", "gzip");
    }
  }
  const std::string tag =
      fmt::format("\"{:x}-{:x}-{:x}.{:x}\"", facts.st_ino, facts.st_size, facts.st_mtim.tv_sec, facts.st_mtim.tv_nsec);
  AddSafetyHeaders(response);
  response.headers.emplace_back("ETag", tag);
  response.headers.emplace_back("Vary", "Accept-Encoding");
  if (HasIt(request, tag)) {
    response.status = 304;
    return response;
  }
  response.file = std::move(file);
  response.file_bytes = static_cast<std::uint64_t>(facts.st_size);
  return response;
}

}  // namespace cmdsrv::gateway
