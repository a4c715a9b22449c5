#include <algorithm>
#include <boost/json.hpp>

#include "base/log.hpp"
#include "base/text.hpp"
#include "commands/handlers.hpp"
#include "commands/network_info.hpp"
#include "commands/system_texts.hpp"
#include "platform/files.hpp"

namespace cmdsrv {
namespace {

constexpr log::Domain kCommands{"commands"};
constexpr std::chrono::seconds kHardwareDeadline{50};
constexpr std::chrono::seconds kFirmwareDeadline{5};
constexpr std::size_t kMostObjects = 1000;

/// Some versions of lshw print several objects one after the other, with or without commas between.
Result<json::value> ParseObjects(std::string_view text) {
  if (auto whole = ParseJson(text)) return whole;
  json::array objects;
  for (std::size_t at = 0; at < text.size() && objects.size() < kMostObjects;) {
    at = text.find_first_not_of(" \t\r\n,", at);
    if (at == std::string_view::npos) break;
    boost::system::error_code error;
    json::stream_parser parser;
    const std::size_t used = parser.write_some(text.substr(at), error);
    if (!error && !parser.done()) parser.finish(error);  // behind the last one nothing tells the parser so
    if (error || !parser.done()) return Fail(ErrorCode::Corrupt, "what lshw printed is no JSON");
    auto object = ParseJson(text.substr(at, used));  // with its limits, and no number that could not be sent
    if (!object) return object;
    objects.push_back(*std::move(object));
    at += used;
  }
  if (objects.empty()) return Fail(ErrorCode::Corrupt, "lshw printed nothing");
  return json::value(std::move(objects));
}

/// What stands behind the first '=' of the first line that `vcgencmd WORD` prints; empty when that cannot be had.
std::string AskFirmware(const Services& services, const std::string& program, const char* word) {
  const auto outcome = RunForHandler(services, {program, word}, kFirmwareDeadline);
  if (!Succeeded(outcome)) {
    log::Warning(kCommands, "cannot ask the firmware: {}", WhyNot(outcome));
    return {};
  }
  const std::string_view line = std::string_view(outcome->output).substr(0, outcome->output.find('\n'));
  const auto equals = line.find('=');
  return equals == std::string_view::npos ? std::string() : PrintableAscii(Trim(line.substr(equals + 1)), 40);
}

/// "0x50000": the console makes a number of it.
bool IsHexNumber(std::string_view text) {
  return text.starts_with("0x") && text.size() > 2 && text.size() <= 10 &&
         text.find_first_not_of("0123456789abcdefABCDEF", 2) == std::string_view::npos;
}

Failure NoHardware(std::string_view why) {
  log::Warning(kCommands, "cannot read the hardware: {}", why);
  return Fail(ErrorCode::Refused, "Unable to read hardware info");
}

}  // namespace

Result<Outcome> GetMemInfo(const Arguments&, Services&) {
  const auto text = ReadFile("/proc/meminfo");
  const auto lines = MemoryTable(text.value_or(""));
  if (lines.empty()) return Fail(ErrorCode::Refused, "Unable to read memory info");
  return Answer(json::value(LinesReply("system_memory", lines)));
}

Result<Outcome> GetStorageInfo(const Arguments&, Services&) {
  const auto mounts = ReadMountTable();
  if (!mounts) return Fail(ErrorCode::Refused, "Unable to read storage info");
  std::vector<FileSystemRow> rows;
  for (const Mount& mount : LocalMounts(*mounts)) {
    const auto usage = UsageOf(mount.point);
    if (usage && usage->total_bytes > 0) rows.push_back({mount.source, *usage, mount.point});
  }
  return Answer(json::value(LinesReply("system_fs", FileSystemTable(rows))));
}

Result<Outcome> GetRpiState(const Arguments&, Services& services) {
  if (!IsRaspberryPi(services.root)) return Fail(ErrorCode::Refused, "Server is not a Raspberry Pi.");
  const auto unable = Fail(ErrorCode::Refused, "Unable to read Raspberry Pi state");
  const auto program = services.root.FindProgram("vcgencmd");
  if (!program) {
    log::Warning(kCommands, "{}", program.error().message);
    return unable;
  }
  std::string temperature = AskFirmware(services, *program, "measure_temp");
  const std::string throttled = AskFirmware(services, *program, "get_throttled");
  if (temperature.empty() || !IsHexNumber(throttled)) return unable;
  std::ranges::replace(temperature, '\'', ' ');
  return Answer(json::value(json::object{{"rpi_temp", temperature}, {"rpi_throttled", throttled}}));
}

Result<Outcome> GetSystemInfo(const Arguments&, Services& services) {
  json::object info = DescribeNetwork(services);
  for (auto& [key, value] : services.network.known_passwords.Describe(services)) info[key] = value;
  return Answer(json::value(std::move(info)));
}

Result<Outcome> GetHwInfo(const Arguments&, Services& services) {
  const auto program = services.root.FindProgram("lshw");
  if (!program) return NoHardware(program.error().message + "; install the package lshw");
  const auto outcome = services.box.hardware.Run([&] {
    return RunForHandler(services, {*program, "-json", "-quiet", "-sanitize"}, kHardwareDeadline);
  });
  if (!Succeeded(outcome)) return NoHardware(WhyNot(outcome));
  auto info = ParseObjects(ToUtf8(outcome->output));
  if (!info) return NoHardware(info.error().message);
  return Answer(json::value(json::object{{"hw_info", std::move(*info)}}));
}

}  // namespace cmdsrv
