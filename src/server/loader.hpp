#pragma once

#include <mutex>
#include <thread>

#include "commands/services.hpp"

namespace cmdsrv {

/// Reads what the server can do without for a moment, in the background, each part on its own: what is broken degrades
/// the verbs that need it and is listed by GET-HEALTH. The thread exists only while there is something to load.
class Loader {
 public:
  explicit Loader(Services& services) : services_(services) {}
  ~Loader();

  /// Begins to load; while it is at it already, it begins anew afterwards. Any thread.
  void Begin();

 private:
  void Serve();

  Services& services_;
  std::mutex mutex_;
  std::thread thread_;
  bool loading_ = false;
  bool again_ = false;
};

/// The parts, each in the calling thread.
void LoadZimCatalog(Services& services);
void LoadLibrary(Services& services);
void LoadVariables(Services& services);
void LoadRoles(Services& services);
void LookForPrograms(Services& services);
/// spec config 9 row 8: uploaded files (and links, never directories) that nobody came for within 10 minutes.
void CleanUploads(const std::string& directory, WallTime now);

}  // namespace cmdsrv
