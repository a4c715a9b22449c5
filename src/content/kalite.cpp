#include "content/kalite.hpp"

#include <algorithm>

namespace cmdsrv {
namespace {

constexpr std::string_view kLanguages[] = {"en", "es", "fr", "hi", "pt-BR", "pt-PT"};
constexpr std::string_view kRoot = "khan/";

bool IsLetterOrDigit(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

/// Exactly one level below `parent`.
bool IsChild(std::string_view path, std::string_view parent) {
  return path.size() > parent.size() && path.starts_with(parent) && path.find('/', parent.size()) == path.size() - 1;
}

/// `topics` is sorted by path, so what is below a topic follows it.
void Collect(const std::vector<KaliteTopic>& topics, std::string_view parent, std::vector<std::string>& complete) {
  const auto first = std::ranges::lower_bound(topics, parent, {}, &KaliteTopic::path);
  for (auto topic = first; topic != topics.end() && topic->path.starts_with(parent); ++topic) {
    if (!IsChild(topic->path, parent) || topic->files_complete <= 0) continue;
    if (topic->files_complete >= topic->total_files) {
      complete.push_back(topic->path);
    } else {
      Collect(topics, topic->path, complete);
    }
  }
}

}  // namespace

bool IsKaliteLanguage(std::string_view text) { return std::ranges::find(kLanguages, text) != std::end(kLanguages); }

bool IsKaliteTopic(std::string_view text) {
  return !text.empty() && text.size() <= 500 && text.front() != '-' &&
         std::ranges::all_of(text, [](char c) { return IsLetterOrDigit(c) || c == '_' || c == '/' || c == '-'; });
}

bool IsKaliteVideo(std::string_view text) {
  return !text.empty() && text.size() <= 64 &&
         std::ranges::all_of(text, [](char c) { return IsLetterOrDigit(c) || c == '_' || c == '-'; });
}

std::vector<std::string> CompleteTopics(std::vector<KaliteTopic> topics) {
  std::erase_if(topics, [](const KaliteTopic& topic) { return !topic.path.ends_with('/'); });
  std::ranges::sort(topics, {}, &KaliteTopic::path);
  std::vector<std::string> complete;
  Collect(topics, kRoot, complete);
  return complete;
}

}  // namespace cmdsrv
