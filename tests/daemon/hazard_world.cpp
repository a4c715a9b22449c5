#include "daemon/hazard_world.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "support/ask.hpp"
#include "support/files.hpp"

namespace cmdsrv::test {
namespace {

constexpr const char* kCalls = "/var/lib/box/argv";

/// Where every verb may leave something: what the daemon writes down, and what the box notes about its programs.
constexpr std::string_view kCommonTrees[] = {
    "/run/", "/tmp/", "/var/log/", "/var/lib/iiab-cmdsrv/", "/var/lib/box/", "/opt/admin/cmdsrv/cmdsrv.0.3.db"};

struct Tree {
  std::string_view verb, path;
};

/// What a verb changes by its very purpose. A verb that is not here may change nothing.
constexpr Tree kTrees[] = {
    {"CTL-HOTSPOT", "/etc/hostapd/"},
    {"CTL-HOTSPOT", "/etc/iiab/local_vars.yml"},
    {"CTL-VPN", "/etc/iiab/openvpn_handle"},
    {"CTL-WIFI", "/etc/iiab/local_vars.yml"},
    {"CTL-BLUETOOTH", "/etc/iiab/local_vars.yml"},
    {"DEL-CONTENT", "/library/zims/"},
    {"DEL-MODULES", "/library/zims/"},
    {"GET-ANS", "/etc/iiab/"},
    {"GET-KIWIX-CAT", "/etc/iiab/kiwix_catalog.json"},
    {"GET-OER2GO-CAT", "/etc/iiab/oer2go_catalog.json"},
    {"GET-OER2GO-CAT", "/library/www/html/js-menu/"},
    {"INST-SAT-AREA", "/library/working/maps/"},
    {"MAKE-KIWIX-LIB", "/library/zims/"},
    {"MAKE-KIWIX-LIB", "/library/www/html/common/assets/zim_version_idx.json"},
    {"MK-PRESET", "/opt/admin/cmdsrv/presets/"},
    {"SAVE-MENU-DEF", "/library/www/html/hazard/"},
    {"SAVE-MENU-ITEM-DEF", "/library/www/html/js-menu/menu-files/"},
    {"SET-CONF", "/etc/iiab/local_vars.yml"},
    {"SET-WHLIST", "/etc/squid/"},
    {"SET-WIFI-CONNECTION-PARAMS", "/etc/NetworkManager/system-connections/"},
    {"SYNC-MENU-ITEM-DEFS", "/library/www/html/js-menu/"},
    {"UPDATE-HOME-MENU", "/library/www/html/"},
};

bool MayChange(std::string_view verb, std::string_view path) {
  const auto below = [path](std::string_view tree) {
    return path.starts_with(tree) || std::string(path) + "/" == tree;
  };
  return std::ranges::any_of(kCommonTrees, below) ||
         std::ranges::any_of(kTrees, [&](const Tree& tree) { return tree.verb == verb && below(tree.path); });
}

/// Files whose purpose it is.
bool HoldsSecrets(std::string_view path) {
  return path.starts_with("/etc/hostapd/") || path.starts_with("/etc/iiab/local_vars.yml") ||
         path.starts_with("/etc/NetworkManager/");
}

/// Notes the arguments, each after a unit separator, the call ended by a record separator.
std::string NoteLine(const std::string& root, const std::string& name) {
  return fmt::format(
      "{{ printf '%s' '{}'; for a in \"$@\"; do printf '\\037%s' \"$a\"; done; printf '\\036'; }} >> '{}{}'\n", name,
      root, kCalls);
}

/// An option that a value has added: it begins with a dash and is not behind "--".
bool HasInjectedOption(const Call& call) {
  for (const std::string& argument : call) {
    if (argument == "--") return false;
    if (argument.starts_with('-') && argument.find(kInjected) != std::string::npos &&
        argument.find('=') > argument.find(kInjected))
      return true;
  }
  return false;
}

bool HasInjectedLine(const std::string& text) {
  for (std::size_t at = 0; (at = text.find(kInjected, at)) != std::string::npos; ++at) {
    if (at == 0 || text[at - 1] == '\n') return true;
  }
  return false;
}

}  // namespace

HazardWorld::HazardWorld() : box_(UsualBox(2)) {
  box_.Internet();
  box_.Configure({{"handler_deadline_s", 5}, {"fetch_stall_s", 2}, {"cmdsrv_max_concurrent_jobs", 4}});
  OrThrow(WriteText(outside_ / "victim", kVictim));
  OrThrow(WriteText(outside_ / "directory/victim", kVictim));
  OrThrow(WriteText(box_.Path("/etc/shadow"), fmt::format("iiab-admin:$y$j9T${}:1:0:99999:7:::\n", kVictim), 0600));
  OrThrow(WriteText(box_.Path("/etc/passwd"), "iiab-admin:x:1000:27::/:/bin/sh\n"));
  OrThrow(WriteText(box_.Path("/etc/group"), "sudo:x:27:iiab-admin\n"));
  OrThrow(WriteText(box_.Path("/etc/hostapd/hostapd.conf"), "ssid=box\nwpa_passphrase=EXAMPLE-not-a-secret\n", 0600));
  OrThrow(MakeDirs(box_.Path("/etc/squid")));
  OrThrow(MakeDirs(box_.Path("/etc/NetworkManager/system-connections")));
  OrThrow(WriteText(box_.Path("/library/www/html/hazard/menu.json"), "{}"));
  for (const char* place : {"/library", "/library/zims/content", "/library/downloads/zims", "/library/www/html/modules",
                            "/library/www/html", "/opt/admin/cmdsrv/presets"}) {
    OrThrow(MakeDirs(box_.Path(place)));
    std::filesystem::create_symlink(outside_.Path(), box_.Path(place) + "/hazard-link");
  }
  // Neighbours of names that are asked for, and names that look like something else to a program.
  for (const char* name : {"hazard_none2", "--hazard_injected=2", "a b", "$(reboot)"}) {
    OrThrow(WriteText(box_.Path(fmt::format("/library/www/html/modules/{}/index.html", name)), "x"));
    OrThrow(WriteText(box_.Path(fmt::format("/library/downloads/zims/{}", name)), "x"));
    OrThrow(WriteText(box_.Path(fmt::format("/library/zims/content/{}.zim", name)), "x"));
  }
  MakeRecorders();
  daemon_ = std::make_unique<Daemon>(box_.StartDaemon());
  pid_ = daemon_->Pid();
  before_ = std::make_unique<TreeSnapshot>(box_.Root());
  outside_before_ = std::make_unique<TreeSnapshot>(outside_.Path());
}

void HazardWorld::MakeRecorders() {
  const std::string& root = box_.Root();
  // Stand-ins of the box go on as they are; programs of the machine that change nothing but files of the box run for
  // real; the others only say that all went well.
  for (const std::string& name : NamesIn(root + "/usr/bin")) {
    std::string script = OrThrow(ReadText(root + "/usr/bin/" + name));
    if (const std::size_t line = script.find('\n'); script.starts_with("#!/bin/sh"))
      box_.StandIn(name, script.insert(line + 1, NoteLine(root, name)));
  }
  for (const char* name : {"aria2c", "wget", "rsync", "rclone", "lsblk", "ip"}) {
    box_.StandIn(name, "#!/bin/sh\n" + NoteLine(root, name) +
                           fmt::format("PATH=${{PATH#{}/usr/bin:}}\nexec /usr/bin/env {} \"$@\"\n", root, name));
  }
  for (const char* name :
       {"ansible-playbook", "tailscale", "kolibri", "speedtest-cli", "lshw", "vcgencmd", "piclone_cmd",
        "iiab-bt-pan-on", "iiab-bt-pan-off", "iiab-extend-sat.py", "hostapd_cli", "rfkill", "mount"}) {
    if (!Exists(root + "/usr/bin/" + name)) box_.StandIn(name, "#!/bin/sh\n" + NoteLine(root, name) + "exit 0\n");
  }
}

std::string HazardWorld::Send(const std::string& command) const {
  const auto reply = AskText(box_.Socket(), command, seconds(90));
  EXPECT_TRUE(reply.has_value()) << command.substr(0, 300) << ": " << (reply ? "" : reply.error().message);
  EXPECT_EQ(reply.value_or("").find(kVictim), std::string::npos)
      << command.substr(0, 300) << " shows a file from outside";
  return reply.value_or("");
}

void HazardWorld::LetJobsEnd(long long newest_before) const {
  const auto newest_ended = [this] {
    const auto jobs = OrThrow(ReadJobs(box_.Socket()));
    return std::ranges::all_of(jobs, [](const JobRow& job) { return IsFinal(job); });
  };
  if (WaitUntil(newest_ended, seconds(3))) return;
  // More than one list of jobs shows may wait.
  for (long long id = NewestJob(); id > newest_before; --id) Send(fmt::format(R"(CANCEL-JOB {{"job_id": {}}})", id));
  EXPECT_TRUE(WaitUntil(newest_ended, seconds(60))) << "jobs cannot be cancelled";
}

long long HazardWorld::NewestJob() const {
  const auto jobs = OrThrow(ReadJobs(box_.Socket()));
  return jobs.empty() ? 0 : jobs.back().id;
}

std::vector<std::string> HazardWorld::Complaints(std::string_view verb) {
  std::vector<std::string> complaints;
  if (!daemon_->IsRunning() || daemon_->Pid() != pid_)
    complaints.push_back("the daemon has ended: " + daemon_->Printed());
  CheckFiles(verb, complaints);
  CheckCalls(complaints);
  return complaints;
}

void HazardWorld::CheckFiles(std::string_view verb, std::vector<std::string>& complaints) {
  auto now = std::make_unique<TreeSnapshot>(box_.Root());
  for (const std::string& path : before_->ChangedIn(*now)) {
    if (!MayChange(verb, path)) complaints.push_back(fmt::format("{} has changed {}", verb, path));
    const bool is_binary = path.ends_with(".db") || path.ends_with("-wal") || path.ends_with("-shm") || path == kCalls;
    if (path != kCalls && ReadText(box_.Path(path)).value_or("").find(kSecret) != std::string::npos &&
        !HoldsSecrets(path))
      complaints.push_back(fmt::format("{} left a secret in {}", verb, path));
    // Calls are noted with blanks between arguments by the box's own stand-ins, line breaks included.
    if (is_binary || path.starts_with("/var/lib/box/")) continue;
    std::error_code error;
    if (!std::filesystem::is_regular_file(box_.Path(path), error)) continue;
    if (HasInjectedLine(ReadText(box_.Path(path)).value_or("")))
      complaints.push_back(fmt::format("{} let a value begin a line of {}", verb, path));
  }
  before_ = std::move(now);
  for (const std::string& path : outside_before_->ChangedIn(TreeSnapshot(outside_.Path())))
    complaints.push_back(fmt::format("{} has changed {}{}, outside of the box", verb, outside_.Path(), path));
  outside_before_ = std::make_unique<TreeSnapshot>(outside_.Path());
}

void HazardWorld::CheckCalls(std::vector<std::string>& complaints) {
  for (const Call& call : TakeCalls()) {
    if (std::ranges::any_of(call, [](const std::string& word) { return word.find(kSecret) != std::string::npos; }))
      complaints.push_back(fmt::format("a secret is in the arguments of {}", call[0]));
    if (HasInjectedOption(call))
      complaints.push_back(fmt::format("an option came from a value: {}", fmt::join(call, " | ")));
  }
}

std::vector<Call> HazardWorld::TakeCalls() const {
  const std::string text = ReadText(box_.Path(kCalls)).value_or("");
  OrThrow(WriteText(box_.Path(kCalls), ""));
  std::vector<Call> calls;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\036', at), text.size());
    Call& call = calls.emplace_back();
    for (std::size_t from = at; from <= end;) {
      const std::size_t to = std::min(text.find('\037', from), end);
      call.push_back(text.substr(from, to - from));
      from = to + 1;
    }
    at = end + 1;
  }
  return calls;
}

}  // namespace cmdsrv::test
