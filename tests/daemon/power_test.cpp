// REBOOT and POWEROFF through the socket, with stand-ins that write down that they were called; COPY-DEV-IMAGE with a
// piclone of that kind; GET-SYSTEM-INFO. Nothing of the machine is run.
#include <gmock/gmock.h>

#include "support/ask.hpp"
#include "support/files.hpp"
#include "support/test_box.hpp"

namespace cmdsrv::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Power : public ::testing::Test {
 protected:
  std::string Send(const std::string& command) const { return OrThrow(AskText(box.Socket(), command, seconds(60))); }
  bool WaitForCall(const std::string& call) const {
    return WaitUntil([&] { return box.CallsOf("systemctl").find(call) != std::string::npos; }, seconds(60));
  }
  TestBox box;
};

TEST_F(Power, TheAnswerComesBeforeTheMachineGoesDown) {
  const Daemon daemon = box.StartDaemon();
  EXPECT_EQ(Send("REBOOT"), R"({"Success": "REBOOT Reboot Initiated."})");
  EXPECT_THAT(box.CallsOf("systemctl"), Not(HasSubstr("reboot")));
  EXPECT_EQ(Send("POWEROFF"), R"({"Success": "POWEROFF Power Off Initiated."})");
  EXPECT_EQ(Send("REBOOT"), R"({"Success": "REBOOT Reboot Initiated."})");
  EXPECT_TRUE(WaitForCall("reboot"));
  EXPECT_THAT(box.CallsOf("systemctl"), Not(HasSubstr("poweroff"))) << "only the first counts";
  EXPECT_TRUE(daemon.Prints("uid")) << "who asked is in the log";
}

TEST_F(Power, ADryRunNeverDoesIt) {
  box.Configure({{"dry_run", true}});
  Daemon daemon = box.StartDaemon();
  EXPECT_EQ(Send("POWEROFF"), R"({"Success": "POWEROFF Power Off Initiated."})");
  EXPECT_TRUE(daemon.Prints("because of dry_run", seconds(60)));
  OrThrow(daemon.Terminate());
  EXPECT_THAT(box.CallsOf("systemctl"), Not(HasSubstr("poweroff")));
}

/// The machine that goes down ends the shims with TERM. The server that comes up again goes on with the job.
TEST_F(Power, AJobInTheMiddleIsGoneOnWith) {
  box.StandIn("systemctl", fmt::format("#!/bin/sh\necho \"$*\" >> {0}/var/lib/box/calls/systemctl\n", box.Root()));
  Daemon daemon = box.StartDaemon();
  EXPECT_THAT(Send(R"(TEST-JOB {"steps": [600]})"), HasSubstr("Scheduled"));
  OrThrow(WaitForStatus(box.Socket(), "STARTED", seconds(60)));
  EXPECT_EQ(Send("REBOOT"), R"({"Success": "REBOOT Reboot Initiated."})");
  EXPECT_TRUE(WaitForCall("reboot"));
  for (const ProcessFacts& process : box.Processes()) {
    if (process.pid != daemon.Pid()) ::kill(process.pid, SIGKILL);
  }
  daemon.Kill9();
  OrThrow(daemon.Restart(seconds(30)));
  OrThrow(WaitForStatus(box.Socket(), "RESTARTED", seconds(60)));
}

class CopyImage : public Power {
 protected:
  CopyImage() {
    OrThrow(WriteText(box.Path("/proc/device-tree/model"), "Raspberry Pi 4 Model B Rev 1.4"));
    Disks("null");
  }
  void Disks(const std::string& mount_point) {
    box.StandIn("lsblk", fmt::format(R"(#!/bin/sh
cat <<'END'
{{"blockdevices": [{{"path": "/dev/sdx", "type": "disk", "rm": true, "size": 31914983424, "tran": "usb", "maj:min": "1000:0",
  "mountpoint": {}}}]}}
END
)",
                                     mount_point));
  }
  void Piclone(const std::string& body) {
    box.StandIn("piclone_cmd",
                fmt::format("#!/bin/sh\necho \"$*\" >> {}/var/lib/box/calls/piclone\n{}", box.Root(), body));
  }
  JobRow CopyToTheEnd() const {
    EXPECT_THAT(Send(R"(COPY-DEV-IMAGE {"dest_dev": "/dev/sdx"})"), HasSubstr("Scheduled"));
    return OrThrow(WaitForJobs(box.Socket(), 1, seconds(60))).back();
  }
};

TEST_F(CopyImage, RunsPicloneOnTheDevice) {
  Piclone("echo Copying partition 1 of 2...\n");
  const Daemon daemon = box.StartDaemon();
  const JobRow job = CopyToTheEnd();
  EXPECT_EQ(job.status, "SUCCEEDED") << job.output;
  EXPECT_THAT(job.output, HasSubstr("Copying partition 1 of 2..."));
  EXPECT_EQ(box.CallsOf("piclone"), "/dev/sdx\n");
}

TEST_F(CopyImage, APicloneThatFailsIsAFailure) {
  Piclone("echo Unable to write >&2; exit 1\n");
  const Daemon daemon = box.StartDaemon();
  const JobRow job = CopyToTheEnd();
  EXPECT_EQ(job.status, "FAILED");
  EXPECT_THAT(job.output, HasSubstr("piclone_cmd ended with exit status 1"));
}

TEST_F(CopyImage, WithoutPicloneTheJobSaysWhatToInstall) {
  const Daemon daemon = box.StartDaemon();
  const JobRow job = CopyToTheEnd();
  EXPECT_EQ(job.status, "FAILED");
  EXPECT_THAT(job.output, HasSubstr("install the package piclone"));
}

/// It waited for its turn, and somebody plugged things in meanwhile.
TEST_F(CopyImage, WhatIsMountedByThenIsNotOverwritten) {
  Piclone("");
  box.Configure({{"cmdsrv_max_concurrent_jobs", 1}});
  const Daemon daemon = box.StartDaemon();
  EXPECT_THAT(Send(R"(TEST-JOB {"steps": [600]})"), HasSubstr("Scheduled"));
  OrThrow(WaitForStatus(box.Socket(), "STARTED", seconds(60)));
  EXPECT_THAT(Send(R"(COPY-DEV-IMAGE {"dest_dev": "/dev/sdx"})"), HasSubstr("Scheduled"));
  Disks("\"/media/usb0\"");
  EXPECT_THAT(Send(R"(CANCEL-JOB {"job_id": 1})"), HasSubstr("Cancelled"));
  const auto jobs = OrThrow(WaitForJobs(box.Socket(), 2, seconds(60)));
  EXPECT_EQ(jobs[1].status, "FAILED") << Describe(jobs);
  EXPECT_THAT(jobs[1].output, HasSubstr("/dev/sdx is in use: /media/usb0 is mounted"));
  EXPECT_EQ(box.CallsOf("piclone"), "");
}

TEST_F(Power, SystemInfoTellsOfPublishedPasswords) {
  box.Configure({{"inet_check_host", "127.0.0.1"}, {"inet_check_port", 9}});
  OrThrow(WriteText(box.Path("/etc/iiab/local_vars.yml"),
                    "iiab_admin_user: iiab-admin\niiab_admin_published_pwd: g0adm1n\n"));
  const Daemon daemon = box.StartDaemon();
  const auto info = OrThrow(Ask(box.Socket(), "GET-SYSTEM-INFO", seconds(60)));
  EXPECT_EQ(info.at("admin_passwd_known"), true);
  EXPECT_EQ(info.at("pi_passwd_known"), false);
  EXPECT_EQ(info.at("internet_access"), false);
  EXPECT_TRUE(info.at("hostapd_conf").is_object());
  EXPECT_THAT(PrintJson(info), Not(HasSubstr("g0adm1n"))) << "the password itself is not shown";
}

}  // namespace
}  // namespace cmdsrv::test
