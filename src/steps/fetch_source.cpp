#include "steps/fetch_source.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "steps/say.hpp"

namespace cmdsrv {
namespace {

constexpr std::uint64_t kMetalinkLimit = 16U << 20U;
constexpr std::uint64_t kHashLimit = 4096;

/// "<64 digits>  name.zim", or nothing of the kind.
std::string HashIn(std::string_view text) {
  std::string hash(text.substr(0, 64));
  if (hash.size() < 64 || (text.size() > 64 && text[64] != ' ' && text[64] != '\n' && text[64] != '\r')) return {};
  for (char& c : hash) {
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return {};
  }
  return hash;
}

void UseMetalink(const FetchRequest& request, const net::Deadlines& deadlines, FetchSource& source) {
  if (request.metalink.empty()) return;
  const auto text = net::Get(request.metalink, kMetalinkLimit, deadlines);
  auto metalink = text ? ParseMetalink(*text) : Failure(text.error());
  if (!metalink) {
    Say("no list of mirrors: {}", metalink.error().message);
    return;
  }
  source.metalink = *std::move(metalink);
  source.from_metalink = true;
  source.sha256 = source.metalink.sha256;
}

/// The head of the file itself: what the metalink does not say, and whether the file there is still the same.
Result<void> AskServer(const FetchRequest& request, const net::Deadlines& deadlines, FetchSource& source) {
  const auto head = net::Ask(request.url, deadlines);
  if (!head && !source.from_metalink) return Failure(head.error());
  if (!head) return {};
  const bool refuses_heads = head->status == 405 || head->status == 501 || head->status == 403;
  if (head->status >= 400 && !refuses_heads && !source.from_metalink)
    return Fail(net::CodeOfStatus(head->status), "the server answered {}", net::StatusText(head->status));
  if (head->status >= 300) return {};
  source.seen_url = head->url;
  source.etag = head->etag;
  source.last_modified = head->last_modified;
  // What a page about the error weighs says nothing about the ZIM.
  const bool is_page = head->content_type.starts_with("text/html");
  if (source.metalink.size == 0 && head->length && !is_page) source.metalink.size = *head->length;
  return {};
}

}  // namespace

bool SizeFits(std::uint64_t bytes, std::uint64_t size_k) {
  const std::uint64_t wanted = size_k * 1024;
  return size_k == 0 || (bytes > wanted ? bytes - wanted : wanted - bytes) <= 1024;
}

Result<FetchSource> LookUp(const FetchRequest& request, const net::Deadlines& deadlines) {
  FetchSource source;
  UseMetalink(request, deadlines, source);
  if (auto asked = AskServer(request, deadlines, source); !asked) return Failure(asked.error());
  if (std::ranges::find(source.metalink.urls, request.url) == source.metalink.urls.end())
    source.metalink.urls.push_back(request.url);
  if (source.metalink.size != 0 && !SizeFits(source.metalink.size, request.size_k))
    return Fail(ErrorCode::Corrupt,
                "the server offers {} of {} bytes, but the catalog says {} K; refresh the catalog and try again",
                request.file_ref, source.metalink.size, request.size_k);
  if (!request.sha256.empty()) source.sha256 = request.sha256;
  if (source.sha256.empty()) {
    if (const auto text = net::Get(request.url + ".sha256", kHashLimit, deadlines)) source.sha256 = HashIn(*text);
  }
  return source;
}

}  // namespace cmdsrv
