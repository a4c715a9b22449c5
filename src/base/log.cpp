#include "base/log.hpp"

#include <atomic>
#include <cstdio>
#include <utility>

#include "base/text.hpp"

namespace cmdsrv::log {
namespace {

void ToStandardError(Level, std::string_view domain, std::string&& text) {
  const std::string line = fmt::format("{}: {}\n", domain, text);
  std::fwrite(line.data(), 1, line.size(), stderr);  // one call, so that lines of two threads do not mix
}

std::atomic<Sink> g_sink{ToStandardError};

}  // namespace

void SetSink(Sink sink) { g_sink = sink; }

void Write(Level level, Domain domain, std::string text) {
  if (MayHaveControls(text)) text = EscapeControls(text);
  g_sink.load()(level, domain.name, std::move(text));
}

}  // namespace cmdsrv::log
