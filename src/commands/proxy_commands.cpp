#include <algorithm>

#include "base/log.hpp"
#include "base/text.hpp"
#include "commands/handlers.hpp"
#include "platform/files.hpp"

namespace cmdsrv {
namespace {

constexpr std::size_t kFileLimit = 4U << 20U;

std::string ListPath(const Services& services) {
  const std::string_view proxy = TextMember(services.settings.as_sent, "squid_service", "squid");
  return services.root.Path(fmt::format("/etc/{}/sites.whitelist.txt", proxy));
}

bool IsEntry(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7F; });
}

}  // namespace

Result<Outcome> GetWhlist(const Arguments&, Services& services) {
  const auto text = ReadFile(ListPath(services), kFileLimit);
  if (!text) log::Warning({"commands"}, "{}", text.error().message);
  json::array lines;
  for (const std::string_view line : Split(text ? *text : std::string_view(), '\n')) lines.emplace_back(ToUtf8(line));
  return Answer(json::value(json::object{{"iiab_whitelist", std::move(lines)}}));
}

Result<Outcome> SetWhlist(const Arguments& arguments, Services& services) {
  std::string text;
  for (const std::string& entry : arguments.TextList("iiab_whitelist")) {
    if (!IsEntry(entry)) return Fail(ErrorCode::Malformed, "argument iiab_whitelist has an entry with a blank in it");
    if (!entry.empty()) text += entry + '\n';
  }
  const auto written = WriteFileAtomically(ListPath(services), text);
  if (written) return Answer(Success{});
  log::Error({"commands"}, "{}", written.error().message);
  return Fail(ErrorCode::Refused, "Unable to write Permitted URLs List.");
}

}  // namespace cmdsrv
