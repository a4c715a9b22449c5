#include "steps/fetch_request.hpp"

#include <algorithm>

#include "base/names.hpp"
#include "steps/options.hpp"

namespace cmdsrv {
namespace {

constexpr int kTries = 5;
constexpr int kMostTries = 50;

}  // namespace

Result<FetchRequest> ReadFetchRequest(std::span<const std::string> arguments, Metalinks metalinks) {
  const auto options = Options::Parse(arguments,
                                      {{"--url", true},
                                       {"--metalink", true},
                                       {"--file-ref", true},
                                       {"--size-k", true},
                                       {"--sha256", true},
                                       {"--tries", true}},
                                      0);
  if (!options) return Failure(options.error());
  if (metalinks == Metalinks::Unknown && options->Has("--metalink"))
    return Fail(ErrorCode::Malformed, "there is no option --metalink");
  FetchRequest request{.url = options->Text("--url"),
                       .metalink = options->Text("--metalink"),
                       .file_ref = options->Text("--file-ref"),
                       .sha256 = options->Text("--sha256")};
  const auto size = options->Number("--size-k", 0, 0);
  if (!size) return Failure(size.error());
  request.size_k = static_cast<std::uint64_t>(*size);
  const auto tries = options->Number("--tries", kTries, 1);
  if (!tries) return Failure(tries.error());
  request.tries = static_cast<int>(std::min<long long>(*tries, kMostTries));
  if (!IsFetchUrl(request.url)) return Fail(ErrorCode::Malformed, "--url must be an http, https or ftp address");
  if (metalinks == Metalinks::Used && request.url.ends_with(".meta4") && request.metalink.empty()) {
    request.metalink = request.url;
    request.url.resize(request.url.size() - std::string_view(".meta4").size());
  }
  if (!request.metalink.empty() && !IsFetchUrl(request.metalink))
    return Fail(ErrorCode::Malformed, "--metalink must be an http, https or ftp address");
  if (!IsSafeName(request.file_ref) || request.file_ref.size() > 200)
    return Fail(ErrorCode::Malformed, "--file-ref must be a plain name without its ending");
  for (char& c : request.sha256) c = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
  if (!request.sha256.empty() &&
      (request.sha256.size() != 64 || request.sha256.find_first_not_of("0123456789abcdef") != std::string::npos))
    return Fail(ErrorCode::Malformed, "--sha256 must be 64 hexadecimal digits");
  return request;
}

}  // namespace cmdsrv
