#include "steps/stick.hpp"

#include <fcntl.h>

#include <cerrno>

#include "base/names.hpp"
#include "platform/files.hpp"

namespace cmdsrv {

Result<std::string> ReadDeviceName(std::string_view text) {
  if (text == "internal") return std::string();
  std::string usb = NormaliseUsb(text);
  if (usb.empty()) return Fail(ErrorCode::Malformed, "\"{}\" is neither internal nor a USB mount point", text);
  return usb;
}

Result<CopyRoute> ReadCopyRoute(std::string_view from, std::string_view to) {
  auto source = ReadDeviceName(from);
  auto dest = ReadDeviceName(to);
  if (!source || !dest) return Failure(source ? dest.error() : source.error());
  if (source->empty() == dest->empty()) return Fail(ErrorCode::Malformed, "one of --from and --to must be internal");
  return CopyRoute{*std::move(source), *std::move(dest)};
}

Result<UniqueFd> OpenStick(const Context& context, const std::string& usb) {
  const std::string mount = context.root.Path(usb);
  if (!IsMountPoint(mount)) return Fail(ErrorCode::Unavailable, "{} is not mounted", usb);
  UniqueFd opened(::open(mount.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!opened) return FailFromErrno(errno, "open " + mount);
  return opened;
}

}  // namespace cmdsrv
