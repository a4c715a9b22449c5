#include "content/rclone_remotes.hpp"

#include "base/text.hpp"
#include "platform/files.hpp"

namespace cmdsrv {

std::vector<std::string> RcloneRemotes(const Settings& settings) {
  if (!settings.rclone_remotes.empty()) return settings.rclone_remotes;
  std::vector<std::string> names;
  const auto text = ReadFile(settings.rclone_config_file, 1U << 20U);
  if (!text) return names;
  // Section names only: the values are credentials, which are nobody's business here.
  for (std::string_view line : Split(*text, '\n')) {
    line = Trim(line);
    if (line.size() > 2 && line.front() == '[' && line.back() == ']')
      names.emplace_back(line.substr(1, line.size() - 2));
  }
  return names;
}

}  // namespace cmdsrv
