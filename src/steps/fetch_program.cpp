#include "steps/fetch_program.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "steps/net.hpp"

namespace cmdsrv {
namespace {

constexpr std::size_t kReasonBytes = 200;

std::vector<std::string> Aria2Arguments(const FetchCall& call, const FetchPart& part) {
  const long patience = MirrorPatience(call.stall_s);
  std::vector<std::string> argv{
      call.program, "--no-conf", "--enable-color=false", "--summary-interval=0", "--human-readable=false",
      "--console-log-level=notice", "--show-console-readout=true",
      // These two make a download survive kill -9: otherwise it begins again at 0. No cache: a byte counts once it is
      // written.
      "--auto-save-interval=1", "--file-allocation=none", "--disk-cache=0", "--continue=true", "--always-resume=false",
      "--allow-overwrite=true", "--allow-piece-length-change=true", "--auto-file-renaming=false", "--max-tries=2",
      "--retry-wait=1", "--max-connection-per-server=1", "--split=2", "--check-certificate=true", "--no-netrc=true",
      "--enable-dht=false", "--follow-torrent=false", "--connect-timeout=30", fmt::format("--timeout={}", patience),
      fmt::format("--dir={}", part.Directory()), fmt::format("--metalink-file={}", part.MetalinkPath())};
  if (call.repair) argv.emplace_back("--check-integrity=true");
  return argv;
}

std::vector<std::string> WgetArguments(const FetchCall& call, const FetchSource& source, const FetchPart& part) {
  const auto& urls = source.metalink.urls;
  return {call.program,
          "--no-config",
          "-nv",
          "-c",
          "--tries=1",
          "--max-redirect=5",
          "--no-netrc",
          "--dns-timeout=30",
          "--connect-timeout=30",
          fmt::format("--read-timeout={}", MirrorPatience(call.stall_s)),
          "-O",
          part.PartPath(),
          "--",
          urls[call.mirror % urls.size()]};
}

/// The text between `from` and the next blank or the end.
std::string_view WordAfter(std::string_view line, std::string_view from) {
  const auto at = line.find(from);
  if (at == std::string_view::npos) return {};
  line.remove_prefix(at + from.size());
  return line.substr(0, line.find(' '));
}

/// "[#6160b1 9646899B/29360128B(32%) CN:1 DL:3145728B ETA:6s]" → 9646899.
std::optional<std::uint64_t> ReadoutBytes(std::string_view line) {
  if (!line.starts_with("[#")) return std::nullopt;
  const std::string_view word = WordAfter(line, " ");
  const auto number = ToInteger(word.substr(0, word.find('B')));
  return number && *number >= 0 ? std::optional(static_cast<std::uint64_t>(*number)) : std::nullopt;
}

std::string HostOf(std::string_view url) {
  const auto begin = url.find("://");
  if (begin == std::string_view::npos) return std::string(url);
  url.remove_prefix(begin + 3);
  return std::string(url.substr(0, url.find('/')));
}

constexpr std::string_view kPasswordWanted = "Username/Password Authentication Failed";

}  // namespace

long MirrorPatience(long stall_s) { return std::max(1L, stall_s * 2 / 3); }

std::vector<std::string> FetchArguments(const FetchCall& call, const FetchSource& source, const FetchPart& part) {
  return call.tool == FetchTool::Aria2 ? Aria2Arguments(call, part) : WgetArguments(call, source, part);
}

void FetchLines::Add(FetchTool tool, std::string_view line) {
  const std::string clean = CleanOutput(line);
  tool == FetchTool::Aria2 ? AddAria2(clean) : AddWget(clean);
}

void FetchLines::AddAria2(std::string_view line) {
  checking_ = line.find("Checksum:#") != std::string_view::npos;
  if (const auto bytes = ReadoutBytes(line)) {
    bytes_ = bytes;
    return;
  }
  if (const auto uri = WordAfter(line, "URI="); !uri.empty()) mirror_ = HostOf(uri);
  const auto at = line.find("errorCode=");
  if (at == std::string_view::npos) return;
  const std::string_view code = WordAfter(line, "errorCode=");
  if (code == "9") disk_full_ = true;
  if (line.find("segment file") != std::string_view::npos) lost_its_place_ = true;
  const std::string_view text = Trim(line.substr(std::min(line.size(), at + 10 + code.size())));
  if (const auto status = WordAfter(line, "status="); !status.empty()) {
    AddStatus(status);
  } else if (code == "24") {
    AddStatus("401");
  } else if (code == "3") {
    AddStatus("404");
  } else if (text.starts_with("Invalid checksum")) {
    wrong_hash_ = true;
    AddProblem("a piece of the file has the wrong hash");
  } else if (text.starts_with("Invalid range header") || text.starts_with("Size mismatch")) {
    // What a captive portal or a cut file looks like to aria2c: the length is not the one of the metalink.
    AddProblem("the file has the wrong size: a web page, or a file that was cut short");
  } else if (!text.empty() && !text.starts_with("URI=")) {
    AddProblem(Shorten(text, kReasonBytes));
  }
}

void FetchLines::AddWget(std::string_view line) {
  if ((line.starts_with("http") || line.starts_with("ftp")) && line.ends_with(':')) mirror_ = HostOf(line);
  if (line.find("Refusing to truncate") != std::string_view::npos) cannot_resume_ = true;
  if (line.find("No space left") != std::string_view::npos) disk_full_ = true;
  if (const auto at = line.find(" ERROR "); at != std::string_view::npos) {
    const std::string_view text = line.substr(at + 7);
    AddStatus(text.substr(0, text.find(':')));
  } else if (line.starts_with(kPasswordWanted)) {
    AddStatus("401");
  } else if (line.starts_with("failed: ")) {
    AddProblem(Shorten(line.substr(8), kReasonBytes));
  } else if (line.starts_with("wget: ")) {
    AddProblem(Shorten(line.substr(6), kReasonBytes));
  }
}

void FetchLines::AddStatus(std::string_view digits) {
  const auto number = ToInteger(digits);
  if (!number) return;
  const auto status = static_cast<long>(*number);
  AddProblem("the server answered " + net::StatusText(status), net::CodeOfStatus(status) != ErrorCode::TryLater);
}

bool FetchLines::IsHopeless() const {
  return !problems_.empty() && std::ranges::all_of(problems_, [](const auto& one) { return one.second.hopeless; });
}

std::string FetchLines::Problem() const {
  if (problems_.empty()) return {};
  const std::string& reason = problems_.begin()->second.reason;
  const auto same = [&](const auto& one) { return one.second.reason == reason; };
  if (std::ranges::all_of(problems_, same)) {
    if (problems_.size() == 1) return reason;
    return problems_.size() == 2 ? reason + " from both mirrors"
                                 : fmt::format("{} from all {} mirrors", reason, problems_.size());
  }
  std::string all;
  for (const auto& [mirror, trouble] : problems_)
    all += fmt::format("{}{}: {}", all.empty() ? "" : "; ", mirror, trouble.reason);
  return all;
}

}  // namespace cmdsrv
