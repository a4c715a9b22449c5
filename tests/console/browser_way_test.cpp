// A real Chromium with tweetnacl does what the console does, at the gateway itself and through nginx.
#include <gmock/gmock.h>
#include <sqlite3.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <thread>

#include "base/text.hpp"
#include "console/console.hpp"
#include "console/nginx.hpp"
#include "support/files.hpp"
#include "support/run.hpp"
#include "support/test_box.hpp"

namespace cmdsrv::test {
namespace {

using testing::HasSubstr;

constexpr const char* kPassword = "g0:a dm%1n";
const std::string kTests = CMDSRV_SOURCE_DIR "/tests/console";
const std::string kBrowser = kTests + "/browser";

class BrowserWay : public testing::Test {
 protected:
  BrowserWay() {
    MakeAccounts(box.Root(), kPassword);
    daemon.emplace(box.StartDaemon());
    const std::filesystem::path page = box.Path("/www"), modules = kBrowser + "/node_modules";
    std::filesystem::create_directories(page);
    std::filesystem::create_directories(box.Path("/control"));
    std::filesystem::copy(kBrowser + "/page", page);
    std::error_code missing;
    std::filesystem::copy(modules / "tweetnacl/nacl-fast.min.js", page, missing);
    if (missing) throw std::runtime_error("the packages from npm are not there; run tools/install-deps test");
    std::filesystem::copy(modules / "tweetnacl-util/nacl-util.min.js", page);
  }

  /// Drives the page at `url`; when it asks for it, the gateway gets a new key and starts again at `listen`.
  void Drive(const std::string& url, const std::string& listen) {
    Run({"node", kBrowser + "/drive.mjs", url, box.Path("/control"), "iiab-admin", kPassword}, listen);
  }
  void Run(const std::vector<std::string>& client, const std::string& listen) {
    RunEnd end;
    std::thread driver([&] {
      end = RunTool(client, Patiently(seconds(150)));
      OrThrow(WriteText(box.Path("/control/ended"), ""));
    });
    const bool told =
        WaitUntil([&] { return Exists(box.Path("/control/restart-wanted")) || Exists(box.Path("/control/ended")); },
                  seconds(150));
    if (told && !Exists(box.Path("/control/ended"))) {
      EXPECT_EQ(gateway->Terminate(), 0);
      std::filesystem::remove(box.Path("/var/lib/iiab-cmdsrv-gateway/gateway.key"));
      Start(listen);
      OrThrow(WriteText(box.Path("/control/restarted"), ""));
    }
    driver.join();
    EXPECT_EQ(end.status, 0) << end.output << gateway->Printed();
    EXPECT_THAT(end.output, HasSubstr("all is well"));
  }
  void Start(const std::string& listen) {
    gateway =
        std::make_unique<GatewayProcess>(box.Root(), listen, std::vector<std::string>{"--static", box.Path("/www")});
  }

  /// All that the driver has sent arrived as it was meant.
  void LookAtCommands(std::size_t count) {
    const std::string sent = OrThrow(ReadText(box.Path("/control/commands")));
    const auto expected = Split(sent, '\0');
    EXPECT_EQ(expected.size(), count);
    EXPECT_TRUE(
        WaitUntil([&] { return std::ranges::all_of(expected, [&](auto one) { return Arrived(one); }); }, seconds(30)));
    for (const std::string_view command : expected) EXPECT_TRUE(Arrived(command)) << command.substr(0, 200);
  }
  bool Arrived(std::string_view command) const {
    // The database keeps the beginning of a long one.
    const std::string text(command.substr(0, 1000));
    sqlite3* database = nullptr;
    sqlite3_stmt* statement = nullptr;
    bool found = false;
    const std::string path = box.Path("/opt/admin/cmdsrv/cmdsrv.0.3.db");
    if (sqlite3_open_v2(path.c_str(), &database, SQLITE_OPEN_READONLY, nullptr) == SQLITE_OK &&
        sqlite3_prepare_v2(database, "SELECT 1 FROM commands WHERE substr(cmd_msg, 1, length(?1)) = ?1", -1, &statement,
                           nullptr) == SQLITE_OK) {
      sqlite3_bind_text(statement, 1, text.c_str(), -1, SQLITE_TRANSIENT);
      found = sqlite3_step(statement) == SQLITE_ROW;
    }
    sqlite3_finalize(statement);
    sqlite3_close(database);
    return found;
  }

  TestBox box;
  std::optional<Daemon> daemon;
  std::unique_ptr<GatewayProcess> gateway;
};

TEST_F(BrowserWay, AClientInAnotherLanguage) {
  Start("127.0.0.1:0");
  Run({"/usr/bin/python3", kTests + "/nacl_client.py", fmt::format("http://127.0.0.1:{}", gateway->Port()),
       box.Path("/control"), "iiab-admin", kPassword},
      fmt::format("127.0.0.1:{}", gateway->Port()));
  LookAtCommands(21);
}

TEST_F(BrowserWay, AtTheGatewayItself) {
  Start("127.0.0.1:0");
  Drive(fmt::format("http://127.0.0.1:{}/admin/", gateway->Port()), fmt::format("127.0.0.1:{}", gateway->Port()));
  LookAtCommands(14);
}

TEST_F(BrowserWay, ThroughNginx) {
  const std::string socket = SocketForNginx(box.Root());
  Start(socket);
  const Nginx nginx(box.Root());
  Drive(fmt::format("http://127.0.0.1:{}/admin/", nginx.Port()), socket);
  LookAtCommands(14);
}

TEST_F(BrowserWay, ThroughNginxWithHttps) {
  const std::string socket = SocketForNginx(box.Root());
  Start(socket);
  const Nginx nginx(box.Root());
  Drive(fmt::format("https://127.0.0.1:{}/admin/", nginx.SecurePort()), socket);
  LookAtCommands(14);
}

}  // namespace
}  // namespace cmdsrv::test
