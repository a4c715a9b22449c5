// url-check: whether there is something at an address, without fetching it.
#include "base/names.hpp"
#include "base/text.hpp"
#include "steps/net.hpp"
#include "steps/options.hpp"
#include "steps/step.hpp"

namespace cmdsrv {
namespace {

/// Servers that do not answer questions about a file are there all the same.
bool MayBeThere(long status) { return status < 400 || status == 405 || status == 501; }

}  // namespace

StepEnd UrlCheck(const Context&, std::span<const std::string> arguments) {
  const auto options = Options::Parse(arguments, {{"--deadline", true}}, 1);
  if (!options) return Failure(options.error());
  const std::string& url = options->Operands().front();
  if (!IsFetchUrl(url)) return Fail(ErrorCode::Malformed, "the operand must be an http, https or ftp address");
  const auto deadline = options->Number("--deadline", 30, 1);
  if (!deadline) return Failure(deadline.error());
  const auto seconds = static_cast<long>(std::min(*deadline, 3600LL));
  const auto head = net::Ask(url, {seconds, seconds, seconds});
  if (!head) return Failure(head.error());
  if (!MayBeThere(head->status))
    return Fail(net::CodeOfStatus(head->status), "{} answered {}", MaskUrlCredentials(url),
                net::StatusText(head->status));
  return fmt::format("{} is there", MaskUrlCredentials(url));
}

}  // namespace cmdsrv
