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
  const std::string shown = MaskUrlCredentials(url);
  // The server reads the number: what would have to be fetched.
  const bool is_file = head->status >= 200 && head->status < 300 && head->length.value_or(0) > 0;
  return is_file ? fmt::format("{} is there: {} bytes", shown, *head->length) : fmt::format("{} is there", shown);
}

}  // namespace cmdsrv
