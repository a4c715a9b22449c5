#include "support/box/site.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/json.hpp"
#include "base/text.hpp"
#include "support/box/mirror.hpp"
#include "support/files.hpp"

namespace cmdsrv::test {
namespace {

constexpr std::uint64_t kSpeedTestBytes = 10'000'000;

/// Each part of the path is a plain name: no "..", no hidden file, nothing outside of the folder.
bool IsPlainPath(std::string_view path) {
  if (!path.starts_with('/') || path.size() > 1024) return false;
  return std::ranges::all_of(Split(path.substr(1), '/'), [](std::string_view part) {
    return !part.empty() && !part.starts_with('.') && part.find('\0') == std::string_view::npos;
  });
}

std::string TypeOf(std::string_view path) {
  if (path.ends_with(".json")) return "application/json";
  if (path.ends_with(".html")) return "text/html";
  if (path.ends_with(".png")) return "image/png";
  if (path.ends_with(".zim")) return "application/x-zim";
  return "application/octet-stream";
}

Content TextContent(std::string text, std::string type) {
  Content content;
  content.size = text.size();
  content.etag = "\"" + Sha256(text).substr(0, 16) + "\"";
  content.text = std::move(text);
  content.type = std::move(type);
  content.modified = 1'777'777'777;  // a time that does not change, so that equal texts are equal answers
  return content;
}

Result<Content> FileContent(const std::string& file, std::string_view url_path) {
  Content content;
  content.file = UniqueFd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  struct stat facts {};
  if (!content.file || ::fstat(content.file.Get(), &facts) != 0 || !S_ISREG(facts.st_mode)) {
    return Fail(ErrorCode::NotFound, "there is no {}", url_path);
  }
  content.type = TypeOf(url_path);
  content.size = static_cast<std::uint64_t>(facts.st_size);
  content.modified = facts.st_mtim.tv_sec;
  content.etag = fmt::format("\"{:x}-{:x}-{:x}\"", facts.st_size, facts.st_mtim.tv_sec, facts.st_mtim.tv_nsec);
  return content;
}

}  // namespace

Site::Site(std::string root, unsigned port, unsigned entries)
    : root_(std::move(root)), port_(port), entries_(entries) {}

Result<Content> Site::Find(const Request& request) {
  const std::string& path = request.path;
  if (!IsPlainPath(path)) return Fail(ErrorCode::Malformed, "this path is none of ours");
  if (path == "/catalog/v2/entries") return Catalog();
  if (path == "/iiab-zim-cat.json") return IiabCatalog();
  if (path == "/10mb.test") return TextContent(std::string(kSpeedTestBytes, '\0'), "application/octet-stream");
  for (const char* ending : {".meta4", ".sha256"}) {
    if (path.ends_with(ending)) return HashDocument(request, ending);
  }
  const std::string file = request.file.empty() ? path : "/" + request.file;
  if (!IsPlainPath(file)) return Fail(ErrorCode::Malformed, "the file {} is none of ours", file);
  return FileContent(root_ + "/internet" + file, path);
}

Result<Content> Site::Catalog() const {
  auto zims = MirrorZims(root_, "other");
  PadWithSyntheticZims(zims, entries_);
  return TextContent(OpdsFeed(zims, fmt::format("http://127.0.0.1:{}", port_)),
                     "application/atom+xml;profile=opds-catalog;kind=acquisition");
}

Result<Content> Site::IiabCatalog() const {
  const auto zims = MirrorZims(root_, "iiab");
  return TextContent(PrintJson(IiabZimCatalog(zims, fmt::format("http://127.0.0.1:{}", port_))), "application/json");
}

Result<Content> Site::HashDocument(const Request& request, const std::string& ending) {
  const std::string zim_path = request.path.substr(0, request.path.size() - ending.size());
  const std::string file = request.file.empty() ? zim_path : "/" + request.file;
  if (!IsPlainPath(file)) return Fail(ErrorCode::Malformed, "the file {} is none of ours", file);
  const std::string full = root_ + "/internet" + file;
  const auto facts = FileContent(full, zim_path);
  if (!facts) return Failure(facts.error());

  const std::string type = ending == ".meta4" ? "application/metalink4+xml" : "text/plain";
  const std::string key = fmt::format("{} {} {} {}", request.path, file, facts->etag, request.wrong_hash);
  const std::scoped_lock lock(mutex_);
  auto found = hash_documents_.find(key);
  if (found == hash_documents_.end()) {
    auto text = ending == ".meta4"
                    ? Metalink(full, zim_path, port_, {.wrong_hash = request.wrong_hash})
                    : ReadText(full).map([&](std::string bytes) {
                        if (request.wrong_hash) bytes += "something else";
                        return fmt::format("{}  {}\n", Sha256(bytes), zim_path.substr(zim_path.rfind('/') + 1));
                      });
    if (!text) return Failure(text.error());
    found = hash_documents_.emplace(key, std::move(*text)).first;
  }
  return TextContent(found->second, type);
}

}  // namespace cmdsrv::test
