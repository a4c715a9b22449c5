#include "content/rachel.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace cmdsrv {
namespace {

/// Without everything between `begin` and `end`; an open rest goes too.
std::string Without(std::string_view text, std::string_view begin, std::string_view end) {
  std::string kept;
  for (;;) {
    const auto at = text.find(begin);
    kept += text.substr(0, at);
    if (at == std::string_view::npos) return kept;
    const auto stop = text.find(end, at + begin.size());
    if (stop == std::string_view::npos) return kept;
    text.remove_prefix(stop + end.size());
  }
}

constexpr RachelRelease kReleases[] = {
    // Its top directory has the name of the version before.
    {"rachelusb_32EN_3.1.5", "rachelusb_32EN_3.1.4/RACHEL/bin/"},
};

}  // namespace

std::string RachelTitle(std::string_view page) {
  const std::string html = Without(page, "<?", "?>");
  const auto begin = html.find("<h2>");
  if (begin == std::string::npos) return {};
  const auto end = html.find("</h2>", begin);
  if (end == std::string::npos) return {};
  return ToUtf8(Trim(Without(std::string_view(html).substr(begin + 4, end - begin - 4), "<", ">")));
}

const RachelRelease* FindRachelRelease(std::string_view version) {
  const auto found = std::ranges::find(kReleases, version, &RachelRelease::version);
  return found == std::end(kReleases) ? nullptr : found;
}

}  // namespace cmdsrv
