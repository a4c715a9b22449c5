// gateway.conf, and the file with the gateway's keys.
#include <sys/stat.h>

#include "gateway/config.hpp"
#include "gateway/server_keys.hpp"
#include "target.hpp"
#include "temporary_folder.hpp"

using namespace cmdsrv;
using namespace cmdsrv::gateway;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const bool ready = InitialiseCrypto();
  static TemporaryFolder folder;
  FUZZ_CHECK(ready);
  const std::string_view text = AsText(data, size);
  if (const auto config = ParseConfig(text)) {
    FUZZ_CHECK(!config->admin_console_group.empty());
    FUZZ_CHECK(config->uploads_directory.starts_with('/'));
  } else {
    FUZZ_CHECK(!config.error().message.empty());
  }
  // Whatever is there: there are keys afterwards, and they are the same for the next one who reads them.
  TemporaryFolder::Write(folder / "keys", text);
  (void)::chmod((folder / "keys").c_str(), 0600);
  const Clock clock;
  const ServerKeys keys(folder / "keys", clock);
  const ServerKeys again(folder / "keys", clock);
  FUZZ_CHECK(keys.Public() == again.Public());
  return 0;
}
