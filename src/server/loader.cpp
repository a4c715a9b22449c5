#include "server/loader.hpp"

#include <array>
#include <system_error>

#include "base/log.hpp"
#include "platform/files.hpp"

namespace cmdsrv {
namespace {

constexpr log::Domain kServer{"server"};
constexpr std::chrono::minutes kUploadAge{10};

// What handlers and steps run. Without one of them the server goes on, and the verbs that need it say so.
struct Program {
  std::string_view name;
  std::string_view package;
};
constexpr std::array<Program, 4> kPrograms = {
    {{"systemctl", "systemd"}, {"aria2c", "aria2"}, {"wget", "wget"}, {"rsync", "rsync"}}};
constexpr std::array<std::string_view, 2> kOwnPrograms = {"iiab-cmdsrv-shim", "iiab-cmdsrv-step"};

std::string Join(const std::vector<std::string>& words) { return fmt::format("{}", fmt::join(words, ", ")); }

}  // namespace

Loader::~Loader() {
  if (thread_.joinable()) thread_.join();
}

void Loader::Begin() {
  const std::scoped_lock lock(mutex_);
  if (loading_) {
    again_ = true;
    return;
  }
  if (thread_.joinable()) thread_.join();  // it has ended, so this does not wait
  try {
    thread_ = std::thread([this] { Serve(); });
    loading_ = true;  // the thread waits for this lock before it looks
  } catch (const std::system_error& error) {
    log::Error(kServer, "cannot load catalogs in the background: {}", error.what());
  }
}

void Loader::Serve() {
  for (;;) {
    LoadZimCatalog(services_);
    LoadLibrary(services_);
    LoadVariables(services_);
    LoadRoles(services_);
    LookForPrograms(services_);
    CleanUploads(services_.settings.uploads_dir, services_.clock.Wall());
    const std::scoped_lock lock(mutex_);
    if (!again_) {
      loading_ = false;
      return;
    }
    again_ = false;
  }
}

void LoadZimCatalog(Services& services) {
  const auto catalog = services.zim_catalog.Get();
  if (catalog) return services.health.Set("kiwix_catalog", PartState::Good);
  log::Warning(kServer, "{}", catalog.error().message);
  services.health.Set("kiwix_catalog", PartState::Degraded, catalog.error().message);
}

void LoadLibrary(Services& services) {
  (void)services.library.Get();
  const std::string path = services.settings.zim_dir + "library.xml";
  if (Look(path)) return services.health.Set("library", PartState::Good);
  services.health.Set("library", PartState::Degraded,
                      fmt::format("there is no {}; MAKE-KIWIX-LIB makes it from the installed ZIM files", path));
}

void LoadVariables(Services& services) { TellHealth(*services.config.variables.Get(), services.health); }

void LoadRoles(Services& services) {
  const auto complaints = services.box.roles.Complaints();
  if (complaints.empty()) return services.health.Set("roles", PartState::Good);
  services.health.Set("roles", PartState::Degraded, Join(complaints));
}

void LookForPrograms(Services& services) {
  std::vector<std::string> missing;
  std::vector<std::string> packages;
  for (const Program& program : kPrograms) {
    if (services.root.FindProgram(program.name)) continue;
    missing.emplace_back(program.name);
    packages.emplace_back(program.package);
  }
  std::vector<std::string> own;
  for (const std::string_view name : kOwnPrograms) {
    if (!Look(Root::OwnProgram(name))) own.push_back(Root::OwnProgram(name));
  }
  if (!own.empty()) {
    log::Error(kServer, "programs of this server are missing, so no job can run: {}", Join(own));
    return services.health.Set("programs", PartState::Broken,
                               "no job can run without " + Join(own) + "; install iiab-cmdsrv again");
  }
  if (missing.empty()) return services.health.Set("programs", PartState::Good);
  log::Warning(kServer, "programs are missing, and Commands that need them will fail: {}", Join(missing));
  services.health.Set("programs", PartState::Degraded,
                      fmt::format("{} cannot be run; Commands that need it use another program or fail; install: {}",
                                  Join(missing), Join(packages)));
}

void CleanUploads(const std::string& directory, WallTime now) {
  const auto names = ListDirectory(directory);
  if (!names) {
    if (names.error().code != ErrorCode::NotFound) log::Warning(kServer, "{}", names.error().message);
    return;
  }
  const auto oldest = std::chrono::duration_cast<std::chrono::nanoseconds>((now - kUploadAge).time_since_epoch());
  for (const std::string& name : *names) {
    const std::string path = fmt::format("{}/{}", directory, name);
    const auto facts = Look(path);
    if (!facts || !(facts->is_regular || facts->is_link) || facts->mtime_ns > oldest.count()) continue;
    if (auto removed = RemoveFile(path); !removed) log::Warning(kServer, "{}", removed.error().message);
  }
}

}  // namespace cmdsrv
