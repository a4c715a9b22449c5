#include "server/stats_file.hpp"

#include <utility>

#include "base/log.hpp"
#include "platform/files.hpp"

namespace cmdsrv {
namespace {

constexpr log::Domain kServer{"server"};

}  // namespace

StatsFile::StatsFile(std::string path, std::function<std::string()> text, std::chrono::milliseconds pause)
    : path_(std::move(path)), text_(std::move(text)), pause_(pause) {
  if (!IsOn()) return;
  wanted_ = true;
  timer_.After(std::chrono::milliseconds{0}, [this] { Write(); });
}

void StatsFile::Touch() {
  if (!IsOn() || wanted_.load(std::memory_order_relaxed) || wanted_.exchange(true)) return;
  timer_.After(pause_, [this] { Write(); });
}

void StatsFile::Write() {
  wanted_ = false;  // before looking: what happens from now on is in the next one
  const auto written = WriteFileAtomically(path_, text_());
  if (!written && !failed_)
    log::Warning(kServer, "{}; the file of the key stats_file is not kept", written.error().message);
  failed_ = !written;
}

void StatsFile::Stop() {
  if (!IsOn() || stopped_.exchange(true)) return;
  timer_.Stop();
  if (const auto removed = RemoveFile(path_); !removed) log::Warning(kServer, "{}", removed.error().message);
}

std::string StatsPath(const Settings& settings, const Root& root) {
  const json::value* value = settings.as_sent.if_contains("stats_file");
  if (value == nullptr) return {};
  const std::string path = value->is_string() ? std::string(value->get_string()) : std::string();
  if (value->is_string() && path.empty()) return {};
  const bool usable = path.size() > 1 && path.front() == '/' && path.back() != '/' && path.find('\0') == path.npos;
  if (usable) return root.Path(path);
  log::Warning(kServer, "the key stats_file of cmdsrv.conf must be an absolute path; no such file is kept");
  return {};
}

}  // namespace cmdsrv
