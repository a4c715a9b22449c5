#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Names of KA Lite, which nobody maintains any more, and the order of its topics. Pure.
namespace cmdsrv {

/// One of the languages that there are packs for. Case counts: pt-BR.
bool IsKaliteLanguage(std::string_view text);

/// "khan/math/": [A-Za-z0-9_/-]+, at most 500 bytes, not beginning with '-'.
bool IsKaliteTopic(std::string_view text);

/// The name of a video, which becomes a file name: [A-Za-z0-9_-]+, at most 64 bytes, not beginning with '-' in a way
/// that matters: it never stands alone in an argument.
bool IsKaliteVideo(std::string_view text);

struct KaliteTopic {
  std::string path;  ///< ends in '/'
  std::int64_t files_complete = 0;
  std::int64_t total_files = 0;
};

/// The topics below "khan/" that are complete: the uppermost ones, and below those that are so in part their complete
/// sub-topics (spec tools 8.6).
std::vector<std::string> CompleteTopics(std::vector<KaliteTopic> topics);

}  // namespace cmdsrv
