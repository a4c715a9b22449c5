// inet-speed: how fast the line is, by downloading a file to nowhere (spec tools 13).
#include <algorithm>
#include <chrono>

#include "base/text.hpp"
#include "steps/module_loader.hpp"
#include "steps/net.hpp"
#include "steps/net_module.hpp"
#include "steps/options.hpp"
#include "steps/say.hpp"
#include "steps/step.hpp"

namespace cmdsrv {
namespace {

using Steady = std::chrono::steady_clock;

constexpr long long kDeadline = 45;
constexpr std::uint64_t kMostBytes = 1U << 30U;

int Count(void* user, const char*, size_t size) {
  *static_cast<std::uint64_t*>(user) += size;
  return 0;
}

/// The line that people read, or why there is none.
std::string Describe(const CmdsrvHttpAnswer& answer, std::uint64_t bytes, double seconds, std::string_view url) {
  if (answer.status >= 300)
    return fmt::format("Failed to download {}: the server answered {}", url, net::StatusText(answer.status));
  if (bytes == 0) {
    const std::string_view why = answer.error[0] != '\0' ? std::string_view(answer.error) : "nothing came";
    return fmt::format("Failed to download {}: {}", url, why);
  }
  const double megabytes = static_cast<double>(bytes) / 1e6;
  return fmt::format("{} MB in {:.2f} seconds, {:.2f} Mbit/s{}", fmt::format("{:.1f}", megabytes), seconds,
                     megabytes * 8 / std::max(seconds, 0.001), answer.error[0] != '\0' ? " (not the whole file)" : "");
}

}  // namespace

StepEnd InetSpeed(const Context& context, std::span<const std::string> arguments) {
  const auto options = Options::Parse(arguments, {{"--deadline", true}}, 0);
  if (!options) return Failure(options.error());
  const auto deadline = options->Number("--deadline", kDeadline, 1);
  if (!deadline) return Failure(deadline.error());
  const long total = static_cast<long>(std::min(*deadline, 3600LL));
  const auto http = LoadFunction<CmdsrvHttp>("iiab-cmdsrv-net.so", "cmdsrv_http");
  if (!http) return Failure(http.error());
  const std::string& url = context.settings.inet_speed_url;
  const CmdsrvHttpRequest request{url.c_str(), 0, kMostBytes, std::min(30L, total), total, total};
  CmdsrvHttpAnswer answer;
  std::uint64_t bytes = 0;
  const auto began = Steady::now();
  (*http)(&request, &answer, Count, &bytes);
  const double seconds = std::chrono::duration<double>(Steady::now() - began).count();
  return Describe(answer, bytes, seconds, MaskUrlCredentials(url));  // a failure is a result, too
}

}  // namespace cmdsrv
