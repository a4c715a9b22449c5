#include "support/test_box.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "support/files.hpp"

namespace cmdsrv::test {
namespace {

std::string MakeShortFolder() {
  std::string name = "/tmp/box-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) ThrowError({ErrorCode::Io, "cannot make a folder: " + Reason(errno)});
  return name;
}

/// Steps outlive their daemon; as sub-reaper this program becomes their parent and can collect them, so that no test
/// leaves defunct processes on the machine.
void BecomeReaper() { ::prctl(PR_SET_CHILD_SUBREAPER, 1); }

/// Only those of this box, by pid: a daemon of another box in this program must keep its exit status.
void KillAndReap(const std::vector<ProcessFacts>& processes) {
  KillAll(processes);
  for (const auto& process : processes) {
    WaitUntil([&] { return ::waitpid(process.pid, nullptr, WNOHANG) != 0; }, seconds(5));
  }
}

}  // namespace

TestBox::TestBox(const BoxOptions& options) : root_(MakeShortFolder()) {
  BecomeReaper();
  OrThrow(MakeBox(root_, options));
}

TestBox::~TestBox() {
  internet_.reset();
  // A killed shim's step can show up as a new process, so look until nothing is left.
  WaitUntil(
      [this] {
        auto left = Processes();
        std::erase_if(left, [](const ProcessFacts& process) { return !process.ours; });  // somebody looking around
        KillAndReap(left);
        return left.empty();
      },
      seconds(10));
  if (std::getenv("CMDSRV_KEEP_BOX") != nullptr) {
    fmt::print(stderr, "the box is kept in {}\n", root_);
    return;
  }
  std::error_code error;
  std::filesystem::remove_all(root_, error);
  if (error) fmt::print(stderr, "cannot remove {}: {}\n", root_, error.message());
}

BoxServer& TestBox::Internet() {
  if (!internet_) {
    BoxServer::Options options;
    options.port = port_;
    internet_ = OrThrow(BoxServer::Start(root_, options));
    port_ = internet_->Port();
  }
  return *internet_;
}

void TestBox::EndInternet() { internet_.reset(); }

void TestBox::Configure(const json::object& keys) { OrThrow(SetConfiguration(root_, keys)); }

void TestBox::StandIn(const std::string& name, std::string_view script) {
  OrThrow(WriteText(Path("/usr/bin/" + name), script, 0755));
}

std::string TestBox::CallsOf(const std::string& name) const {
  return ReadText(Path("/var/lib/box/calls/" + name)).value_or("");
}

Daemon TestBox::StartDaemon() { return OrThrow(Daemon::Start(root_)); }

std::vector<ProcessFacts> TestBox::Processes() const { return ProcessesAbout(root_); }

}  // namespace cmdsrv::test
