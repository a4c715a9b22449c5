#pragma once

#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

/// For unit tests that touch the real machine: a folder that goes away, and a proof that no process stayed.
namespace cmdsrv::test {

/// A fresh directory, removed with all its content at the end.
class ScratchDirectory {
 public:
  explicit ScratchDirectory(const std::string& parent = "/tmp") : path_(parent + "/cmdsrv-test-XXXXXX") {
    if (mkdtemp(path_.data()) == nullptr) abort();
  }
  ~ScratchDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;

  const std::string& Path() const { return path_; }
  std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }

 private:
  std::string path_;
};

inline std::string Slurp(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void Spit(const std::string& path, std::string_view text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
}

/// Waits for a condition, bounded; false when it did not come true.
template <class Condition>
bool Eventually(Condition condition, std::chrono::milliseconds limit = std::chrono::seconds(20)) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

/// Processes (zombies apart) that were started with `entry` ("NAME=value") in their environment, wherever they moved
/// to.
inline std::vector<int> ProcessesWithEnvironment(const std::string& entry) {
  std::vector<int> pids;
  for (const auto& process : std::filesystem::directory_iterator("/proc")) {
    const std::string name = process.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const std::string environment = '\0' + Slurp("/proc/" + name + "/environ");
    if (environment.find('\0' + entry + '\0') != std::string::npos) pids.push_back(std::stoi(name));
  }
  return pids;
}

}  // namespace cmdsrv::test
